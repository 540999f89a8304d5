-- Lines of drafts with what a reader of the invoice wants to know of each: place, local times, priced components.
WITH components AS (
    SELECT
        lines.cdr_id,
        lines.vat_percent,
        list({
            dimension: lines.dimension,
            quantity: lines.quantity,
            quantity_unit: lines.quantity_unit,
            price: lines.price,
            element_no: lines.element_no
        } ORDER BY lines.line_no) AS components
    FROM billing.cdr_lines AS lines
    SEMI JOIN (
        SELECT cdr_id FROM billing.invoice_draft_lines WHERE list_contains($draft_ids, invoice_id)
    ) AS wanted USING (cdr_id)
    GROUP BY ALL
)
SELECT
    lines.invoice_id AS draft_id,
    lines.line_no,
    lines.kind,
    lines.cdr_id,
    lines.session_id,
    lines.site_id,
    lines.started_at,
    lines.subscription_id,
    lines.cost_centre,
    lines.energy_wh,
    lines.vat_percent,
    lines.amount_excl_vat,
    coalesce(sites.name, lines.site_id) AS site,
    cdrs.station_id,
    timezone(coalesce(sites.time_zone, 'UTC'), cdrs.started_at) AS local_start,
    timezone(coalesce(sites.time_zone, 'UTC'), cdrs.ended_at) AS local_end,
    cdrs.tariff_id,
    cdrs.tariff_version,
    plans.name AS plan,
    coalesce(components.components, []) AS components
FROM billing.invoice_draft_lines AS lines
LEFT JOIN billing.cdrs AS cdrs USING (cdr_id)
LEFT JOIN registry.sites AS sites ON sites.site_id = lines.site_id
LEFT JOIN registry.subscriptions AS subscriptions ON subscriptions.subscription_id = lines.subscription_id
LEFT JOIN (
    SELECT plan_id, arg_max(name, version) AS name FROM registry.plans GROUP BY plan_id
) AS plans ON plans.plan_id = subscriptions.plan_id
LEFT JOIN components
    ON components.cdr_id = lines.cdr_id AND components.vat_percent IS NOT DISTINCT FROM lines.vat_percent
WHERE list_contains($draft_ids, lines.invoice_id)
ORDER BY lines.invoice_id, lines.line_no
