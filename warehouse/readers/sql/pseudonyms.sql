-- Pseudonyms of the tokens that a payload names; those of the session itself besides.
SELECT id_token, pseudonym
FROM registry.pseudonyms
WHERE list_contains($tokens, id_token) OR pseudonym = $pseudonym
