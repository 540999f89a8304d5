-- Tokens as stations send them, and what their model's rule leaves of them (28).
SELECT DISTINCT
    told_events.station_id,
    told_events.id_token,
    pseudonyms.id_token AS sent_token,
    nullif(regexp_extract(pseudonyms.id_token, profile.token_pattern, 1), '') AS token
FROM told_events
JOIN all_boots AS boots USING (station_id)
JOIN registry.station_profiles AS profile
    ON profile.vendor = boots.vendor AND profile.model = boots.model AND profile.firmware IN (boots.firmware, '*')
JOIN registry.pseudonyms AS pseudonyms ON pseudonyms.pseudonym = told_events.id_token
WHERE profile.token_pattern IS NOT NULL
