SELECT
    lines.line_no,
    lines.kind,
    lines.started_at,
    timezone(coalesce(sites.time_zone, 'UTC'), lines.started_at) AS local_start,
    coalesce(sites.name, lines.site_id) AS site,
    cdrs.station_id,
    (lines.energy_wh / 1000)::DOUBLE AS energy_kwh,
    lines.vat_percent,
    lines.amount_excl_vat,
    cdrs.tariff_id,
    cdrs.tariff_version,
    cdrs.grade,
    cdrs.decision,
    lines.cdr_id,
    lines.session_id,
    lines.subscription_id,
    lines.cost_centre
FROM billing.invoice_lines AS lines
LEFT JOIN billing.cdrs AS cdrs USING (cdr_id)
LEFT JOIN registry.sites AS sites ON sites.site_id = lines.site_id
WHERE lines.invoice_id = $invoice_id
ORDER BY lines.line_no
