-- Pseudonyms of the tokens that a payload names; those of the session itself besides.
SELECT id_token, pseudonym
-- Of whole tokens, whoever asks: what they are for is to hide them.
FROM memory.registry.pseudonyms
WHERE list_contains($tokens, id_token) OR pseudonym = $pseudonym
