WITH billed AS (
    SELECT cdr_id, sum(amount_excl_vat) AS amount
    FROM billing.invoice_lines
    WHERE kind = 'session'
    GROUP BY cdr_id
)
SELECT
    c.site_id,
    x.name AS site_name,
    c.station_id,
    s.evse_id,
    s.connector_id,
    c.currency,
    count(*) AS rated_sessions,
    CAST(CAST(sum(c.energy_wh) AS DECIMAL(18, 6)) * 0.001 AS DECIMAL(18, 9)) AS rated_kwh,
    CAST(sum(c.total_excl_vat) AS DECIMAL(18, 4)) AS rated_excl_vat,
    count(b.cdr_id) AS billed_sessions,
    CAST(coalesce(sum(b.amount), 0) AS DECIMAL(18, 4)) AS billed_excl_vat
FROM billing.cdrs AS c
LEFT JOIN core.sessions AS s USING (session_id)
LEFT JOIN registry.sites AS x ON x.site_id = c.site_id
LEFT JOIN billed AS b USING (cdr_id)
WHERE c.local_date >= $date_from
  AND c.local_date < $date_to
  AND ($sites IS NULL OR list_contains($sites, c.site_id))
  AND ($operator IS NULL OR x.operator_id = $operator)
GROUP BY ALL
ORDER BY c.site_id, c.station_id, s.evse_id, s.connector_id, c.currency
