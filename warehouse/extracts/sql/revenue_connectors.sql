-- What sessions cost by their CDRs, beside what invoices say of them: two sums that need not be of the same sessions.
WITH places AS (
    -- A site's time zone may have been mended since a CDR left: then the day that was told holds.
    SELECT cdr_id, arg_min(local_date, place) AS local_date, arg_min(station_id, place) AS station_id
    FROM (
        SELECT cdr_id, local_date, station_id, row(1, issued_at, issued_cdr_id) AS place FROM billing.issued_cdrs
        UNION ALL
        SELECT cdr_id, local_date, station_id, row(2, NULL, NULL) FROM billing.cdrs
    )
    GROUP BY cdr_id
),
amounts AS (
    SELECT site_id, station_id, session_id, local_date, currency, energy_wh, total_excl_vat AS rated, NULL AS billed, false AS stands
    FROM billing.cdrs
    UNION ALL BY NAME
    SELECT
        l.site_id,
        p.station_id,
        l.session_id,
        p.local_date,
        i.currency,
        l.amount_excl_vat AS billed,
        i.kind = 'invoice' AND i.status <> 'credited' AS stands
    FROM billing.invoice_lines AS l
    JOIN billing.invoices AS i ON i.invoice_id = l.invoice_id
    JOIN places AS p ON p.cdr_id = l.cdr_id
    WHERE l.kind = 'session'
)
SELECT
    a.site_id,
    x.name AS site_name,
    x.operator_id,
    a.station_id,
    s.evse_id,
    s.connector_id,
    a.currency,
    count(a.energy_wh) AS rated_sessions,
    CAST(CAST(coalesce(sum(a.energy_wh), 0) AS DECIMAL(18, 6)) * 0.001 AS DECIMAL(18, 9)) AS rated_kwh,
    CAST(coalesce(sum(a.rated), 0) AS DECIMAL(18, 4)) AS rated_excl_vat,
    count(DISTINCT a.session_id) FILTER (a.stands) AS billed_sessions,
    CAST(coalesce(sum(a.billed), 0) AS DECIMAL(18, 4)) AS billed_excl_vat
FROM amounts AS a
LEFT JOIN core.sessions AS s USING (session_id)
LEFT JOIN registry.sites AS x ON x.site_id = a.site_id
WHERE a.local_date >= $date_from
  AND a.local_date < $date_to
  AND ($sites IS NULL OR list_contains($sites, a.site_id))
  AND ($operator IS NULL OR x.operator_id = $operator)
GROUP BY ALL
ORDER BY a.site_id, a.station_id, s.evse_id, s.connector_id, a.currency
