-- Volume × price by session, dimension and element, in 18,000ths of 10⁻¹² of the currency: 18,000 is the least common
-- multiple of 1,000 Wh a kWh, 3,600 s an hour and 1, so that every amount is a whole number.
WITH sums AS (
    SELECT session_no, tariff_no, dimension_no, element_no, CAST(sum(volume) + sum(added) AS BIGINT) AS volume
    FROM rated_volumes
    GROUP BY session_no, tariff_no, dimension_no, element_no
),
prices AS (
    SELECT
        tariff_no,
        element_no,
        dimension_no,
        price,
        vat_percent,
        tax_included = 'YES' AS is_gross,
        CAST(CAST(vat_percent AS DECIMAL(38, 4)) * 10000 AS HUGEINT) AS vat,
        CAST(CAST(price AS DECIMAL(38, 6)) * 1000000 AS HUGEINT) * (18000 // parts) AS price_parts
    FROM (SELECT * RENAME (dimension AS component) FROM tariff_components)
    JOIN rating_dimensions USING (component)
    JOIN tariff_terms USING (tariff_no)
)
SELECT session_no, dimension_no, element_no, volume, price, vat_percent, vat, is_gross, volume * price_parts AS amount
FROM sums
JOIN prices USING (tariff_no, element_no, dimension_no)
