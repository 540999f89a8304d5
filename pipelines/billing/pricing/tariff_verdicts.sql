-- What the parser said of each tariff version.
SELECT
    verdict ->> 'id' AS tariff_id,
    CAST(verdict ->> 'version' AS INTEGER) AS tariff_version,
    verdict ->> 'currency' AS currency,
    verdict ->> 'refusal' AS refusal
FROM (SELECT unnest(CAST(CAST($verdicts AS JSON) AS JSON[])) AS verdict)
