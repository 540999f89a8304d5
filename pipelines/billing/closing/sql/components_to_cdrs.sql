-- The exact sum of each CDR's components, beside its total, which is that sum rounded once to four decimals.
WITH rounded AS (
    SELECT
        cdr_id,
        site_id,
        currency,
        exact_amount,
        total_excl_vat,
        CASE
            WHEN total_excl_vat IS NULL THEN 'vat_unknown'
            WHEN exact_amount = total_excl_vat THEN NULL
            WHEN abs(exact_amount - total_excl_vat) <= 0.00005 THEN 'rounding'
            ELSE 'total_differs'
        END AS reason
    FROM month_cdrs
)
SELECT
    site_id,
    currency AS unit,
    reason,
    reason IS NULL OR reason = 'rounding' AS explained,
    sum(exact_amount) AS left_sum,
    sum(total_excl_vat) AS right_sum,
    count(*) AS entries,
    min(cdr_id, 20) AS ids
FROM rounded
GROUP BY ALL
