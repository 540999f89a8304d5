-- How far decisions on who may charge have been taken in.
SELECT max(decided_at) AS decided_at
FROM raw.access_decisions
