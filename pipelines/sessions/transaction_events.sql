-- The parsed events with the pseudonym in the token's place.
SELECT parsed_events.* EXCLUDE (raw_token, told_state, error_code), pseudonyms.pseudonym AS id_token
FROM parsed_events
LEFT JOIN registry.pseudonyms AS pseudonyms ON pseudonyms.id_token = parsed_events.raw_token
WHERE event IN ('started', 'answer', 'updated', 'ended', 'label')
