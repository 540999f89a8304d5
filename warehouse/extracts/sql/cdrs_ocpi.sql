-- Issued CDRs and credit CDRs as they were kept when they left, each with its lines and charging periods. What was not
-- known then of the place and is known by now is taken from the registry.
WITH leaving AS (
    SELECT
        issued.* REPLACE (
            coalesce(issued.connector_standard, connectors.standard) AS connector_standard,
            coalesce(
                issued.connector_format,
                connectors.connector_format,
                CASE WHEN coalesce(issued.power_type, connectors.power_type) = 'DC' THEN 'CABLE' END
            ) AS connector_format,
            coalesce(issued.power_type, connectors.power_type) AS power_type,
            coalesce(issued.address, sites.address) AS address,
            coalesce(issued.city, sites.city) AS city,
            coalesce(issued.post_code, sites.post_code) AS post_code,
            coalesce(issued.site_country_code, sites.country_code) AS site_country_code,
            coalesce(issued.latitude, sites.latitude) AS latitude,
            coalesce(issued.longitude, sites.longitude) AS longitude
        ),
        coalesce(issued.credit_reference_id, issued.issued_cdr_id) AS told_as
    FROM billing.issued_cdrs AS issued
    LEFT JOIN registry.sites AS sites USING (site_id)
    LEFT JOIN registry.connectors AS connectors
        ON connectors.station_id = issued.station_id
        AND connectors.evse_id = issued.evse_id
        AND connectors.connector_id = issued.connector_id
        AND issued.started_at >= connectors.in_service_from
        AND issued.started_at < coalesce(connectors.in_service_to, 'infinity')
    WHERE issued.local_date >= $date_from
        AND issued.local_date < $date_to
        AND ($sites IS NULL OR list_contains($sites, issued.site_id))
        AND ($operator IS NULL OR sites.operator_id = $operator)
    QUALIFY row_number() OVER (
        PARTITION BY issued.issued_cdr_id ORDER BY connectors.in_service_from DESC
    ) = 1
),
lines AS (
    SELECT
        told.issued_cdr_id AS told_as,
        list({
            dimension: told.dimension,
            vat_percent: told.vat_percent,
            net: told.amount_excl_vat,
            gross: told.amount_incl_vat
        } ORDER BY told.line_no) AS lines
    FROM billing.issued_cdr_lines AS told
    SEMI JOIN leaving ON leaving.told_as = told.issued_cdr_id
    GROUP BY told.issued_cdr_id
),
periods AS (
    SELECT
        told.issued_cdr_id AS told_as,
        list({
            started_at: told.started_at,
            energy_wh: told.energy_wh,
            charging_seconds: told.charging_seconds,
            parking_seconds: told.parking_seconds,
            power_w: told.power_w
        } ORDER BY told.period_no) AS periods
    FROM billing.issued_cdr_periods AS told
    SEMI JOIN leaving ON leaving.told_as = told.issued_cdr_id
    GROUP BY told.issued_cdr_id
)
SELECT leaving.* EXCLUDE (told_as), coalesce(lines, []) AS lines, coalesce(periods, []) AS periods
FROM leaving
LEFT JOIN lines USING (told_as)
LEFT JOIN periods USING (told_as)
ORDER BY leaving.issued_at, leaving.issued_cdr_id
