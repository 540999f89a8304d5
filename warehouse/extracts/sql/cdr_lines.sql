WITH placed AS (
    SELECT c.*, coalesce(x.time_zone, 'UTC') AS time_zone
    FROM billing.cdrs AS c
    LEFT JOIN registry.sites AS x ON x.site_id = c.site_id
)
SELECT
    l.cdr_id,
    l.line_no,
    c.session_id,
    c.site_id,
    c.contract_id,
    c.tariff_id,
    c.tariff_version,
    c.local_date,
    c.started_at,
    timezone(c.time_zone, c.started_at) AS started_local,
    l.dimension,
    l.quantity,
    l.quantity_unit,
    l.price,
    c.currency,
    l.amount_excl_vat,
    l.vat_percent
FROM billing.cdr_lines AS l
JOIN placed AS c ON c.cdr_id = l.cdr_id
WHERE c.local_date >= $date_from
  AND c.local_date < $date_to
  AND ($sites IS NULL OR list_contains($sites, c.site_id))
ORDER BY c.started_at, c.station_id, l.cdr_id, l.line_no
