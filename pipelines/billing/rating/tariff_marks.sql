-- Where an element may begin or cease to hold.
SELECT
    CAST(mark ->> 'no' AS INTEGER) AS tariff_no,
    mark ->> 'kind' AS kind,
    CAST(mark ->> 'value' AS BIGINT) AS value
FROM (SELECT unnest(CAST(CAST($rows AS JSON) AS JSON[])) AS mark)
