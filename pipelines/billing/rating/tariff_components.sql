-- Price components by tariff, element and dimension.
SELECT
    CAST(component ->> 'no' AS INTEGER) AS tariff_no,
    CAST(component ->> 'element_no' AS INTEGER) AS element_no,
    component ->> 'dimension' AS dimension,
    CAST(component ->> 'price' AS DECIMAL(18, 6)) AS price,
    CAST(component ->> 'vat_percent' AS DECIMAL(7, 4)) AS vat_percent,
    CAST(component ->> 'step_size' AS BIGINT) AS step_size
FROM (SELECT unnest(CAST(CAST($rows AS JSON) AS JSON[])) AS component)
