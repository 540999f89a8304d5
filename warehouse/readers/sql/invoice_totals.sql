-- Whole invoices that touch the sites.
WITH at_sites AS (
    SELECT DISTINCT invoice_id
    FROM billing.invoice_lines
    WHERE list_contains($sites, site_id)
),
chosen AS (
    SELECT invoices.*
    FROM billing.invoices AS invoices
    JOIN at_sites USING (invoice_id)
    WHERE month BETWEEN date_trunc('month', $first::DATE) AND $last
        AND ($month::DATE IS NULL OR month = $month)
        AND contains(lower(concat_ws(' ', invoice_id, contract_id)), lower($text))
)
SELECT
    currency,
    count(*) AS invoices,
    sum(sessions)::BIGINT AS sessions,
    (sum(energy_wh) / 1000)::DOUBLE AS energy_kwh,
    sum(total_excl_vat)::DOUBLE AS total_excl_vat,
    sum(total_incl_vat)::DOUBLE AS total_incl_vat,
    count(*) FILTER (WHERE total_incl_vat IS NULL) AS vat_unknown
FROM chosen
GROUP BY currency
ORDER BY currency
