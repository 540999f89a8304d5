WITH days AS (
    SELECT cdr_id, local_date FROM billing.cdrs
    UNION
    SELECT cdr_id, local_date FROM billing.issued_cdrs
),
placed AS (
    SELECT l.*, x.name AS site_name, coalesce(x.time_zone, 'UTC') AS time_zone
    FROM billing.invoice_lines AS l
    LEFT JOIN registry.sites AS x ON x.site_id = l.site_id
)
SELECT
    l.invoice_id,
    l.line_no,
    i.contract_id,
    i.month,
    l.cdr_id,
    l.session_id,
    l.site_id,
    l.site_name,
    coalesce(c.local_date, i.month) AS local_date,
    l.started_at,
    timezone(l.time_zone, l.started_at) AS started_local,
    CAST(l.energy_wh * 0.001 AS DECIMAL(18, 9)) AS energy_kwh,
    i.currency,
    l.amount_excl_vat,
    l.vat_percent,
    l.kind,
    l.subscription_id,
    l.cost_centre
FROM placed AS l
JOIN billing.invoices AS i ON i.invoice_id = l.invoice_id
LEFT JOIN days AS c ON c.cdr_id = l.cdr_id
WHERE coalesce(c.local_date, i.month) >= $date_from
  AND coalesce(c.local_date, i.month) < $date_to
  AND ($sites IS NULL OR list_contains($sites, l.site_id))
ORDER BY i.month, i.contract_id, l.invoice_id, l.line_no
