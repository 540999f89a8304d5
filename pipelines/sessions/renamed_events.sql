-- The events with the tokens that a model's rule leaves of what its readers send.
SELECT told_events.* REPLACE (coalesce(pseudonyms.pseudonym, told_events.id_token) AS id_token)
FROM told_events
LEFT JOIN token_rules AS rule ON rule.station_id = told_events.station_id AND rule.id_token = told_events.id_token
LEFT JOIN registry.pseudonyms AS pseudonyms ON pseudonyms.id_token = rule.token
