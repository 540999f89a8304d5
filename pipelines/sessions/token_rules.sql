-- Tokens as stations send them, and what their model's rule leaves of them (28): the firmware's own rule before that for
-- all, a rule that fits before one that does not.
SELECT
    told_events.station_id,
    told_events.id_token,
    nullif(regexp_extract(pseudonyms.id_token, profile.token_pattern, 1), '') AS token
FROM told_events
JOIN all_boots AS boots USING (station_id)
JOIN registry.station_profiles AS profile
    ON profile.vendor = boots.vendor AND profile.model = boots.model AND profile.firmware IN (boots.firmware, '*')
JOIN registry.pseudonyms AS pseudonyms ON pseudonyms.pseudonym = told_events.id_token
WHERE profile.token_pattern IS NOT NULL
QUALIFY row_number() OVER (
    PARTITION BY told_events.station_id, told_events.id_token
    ORDER BY token IS NULL, profile.firmware = '*', boots.received_at DESC, token
) = 1
