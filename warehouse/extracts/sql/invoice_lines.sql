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
placed AS (
    SELECT l.*, x.name AS site_name, coalesce(x.time_zone, 'UTC') AS time_zone
    FROM billing.invoice_lines AS l
    LEFT JOIN registry.sites AS x ON x.site_id = l.site_id
)
SELECT
    l.invoice_id,
    l.line_no,
    i.kind AS document_kind,
    i.status,
    i.issue_date,
    i.operator_id,
    i.contract_id,
    i.month,
    l.kind,
    l.cdr_id,
    l.session_id,
    l.site_id,
    l.site_name,
    p.station_id,
    s.evse_id,
    s.connector_id,
    coalesce(p.local_date, i.month) AS local_date,
    l.started_at,
    timezone(l.time_zone, l.started_at) AS started_local,
    CAST(l.energy_wh * 0.001 AS DECIMAL(18, 9)) AS energy_kwh,
    i.currency,
    l.amount_excl_vat,
    CASE
        WHEN v.document_id IS NOT NULL
            THEN coalesce(v.tax_category, CASE WHEN l.vat_percent = 0 THEN 'Z' ELSE 'S' END)
    END AS tax_category,
    l.vat_percent,
    l.subscription_id,
    l.cost_centre
FROM placed AS l
JOIN billing.invoices AS i ON i.invoice_id = l.invoice_id
LEFT JOIN places AS p ON p.cdr_id = l.cdr_id
LEFT JOIN core.sessions AS s ON s.session_id = l.session_id
LEFT JOIN billing.document_lines AS v ON v.document_id = l.invoice_id AND v.line_no = l.line_no
WHERE coalesce(p.local_date, i.month) >= $date_from
  AND coalesce(p.local_date, i.month) < $date_to
  AND ($operator IS NULL OR i.operator_id = $operator)
  AND ($sites IS NULL OR list_contains($sites, l.site_id))
ORDER BY i.month, i.contract_id, l.invoice_id, l.line_no
