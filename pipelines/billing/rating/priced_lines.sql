-- Volume × price by session, dimension and element. `amount` is in 18,000ths of 10⁻¹² of the currency: 18,000 is the
-- least common multiple of 1,000 Wh a kWh, 3,600 s an hour and 1, so that every amount is a whole number. Net and gross
-- of a line by itself are volume × factor ÷ divisor in 10⁻¹² of the currency, the fractions in their lowest terms.
WITH sums AS (
    SELECT session_no, tariff_no, dimension_no, element_no, CAST(sum(volume) + sum(added) AS BIGINT) AS volume
    FROM rated_volumes
    GROUP BY session_no, tariff_no, dimension_no, element_no
),
named AS (
    SELECT
        tariff_no,
        element_no,
        dimension_no,
        price,
        vat_percent,
        CAST(parts AS BIGINT) AS parts,
        tax_included = 'YES' AS is_gross,
        CAST(vat_percent * 10000 AS BIGINT) AS vat,
        micro(price) AS micro_price
    FROM (SELECT * RENAME (dimension AS component) FROM tariff_components)
    JOIN rating_dimensions USING (component)
    JOIN tariff_terms USING (tariff_no)
),
fractions AS (
    SELECT
        *,
        CASE WHEN is_gross THEN 1000000 ELSE 1 END * micro_price AS net_over,
        CASE WHEN is_gross THEN 1000000 + vat ELSE 1 END * parts AS net_under,
        CASE WHEN is_gross THEN 1 ELSE 1000000 + vat END * micro_price AS gross_over,
        CASE WHEN is_gross THEN 1 ELSE 1000000 END * parts AS gross_under
    FROM named
),
prices AS (
    SELECT
        tariff_no,
        element_no,
        dimension_no,
        price,
        vat_percent,
        CAST(vat AS HUGEINT) AS vat,
        is_gross,
        CAST(micro_price AS HUGEINT) * (18000 // parts) AS price_parts,
        CAST(net_over // gcd(net_over, net_under) AS HUGEINT) AS net_factor,
        CAST(net_under // gcd(net_over, net_under) AS HUGEINT) AS net_divisor,
        CAST(gross_over // gcd(gross_over, gross_under) AS HUGEINT) AS gross_factor,
        CAST(gross_under // gcd(gross_over, gross_under) AS HUGEINT) AS gross_divisor
    FROM fractions
)
SELECT sums.* EXCLUDE (tariff_no), prices.* EXCLUDE (tariff_no, element_no, dimension_no, price_parts),
    volume * price_parts AS amount
FROM sums
JOIN prices USING (tariff_no, element_no, dimension_no)
