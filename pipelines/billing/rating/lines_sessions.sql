-- CDRs to rate, out of one JSON text: [number, number of the tariff].
SELECT
    CAST(row ->> 0 AS BIGINT) AS session_no,
    row ->> 0 AS session_id,
    row ->> 1 AS tariff_id,
    1 AS tariff_version
FROM (SELECT unnest(CAST(CAST($rows AS JSON) AS JSON[])) AS row)
