WITH placed AS (
    SELECT received.*, sites.name AS site_name, coalesce(sites.time_zone, 'UTC') AS time_zone
    FROM billing.received_cdrs AS received
    LEFT JOIN registry.sites AS sites USING (site_id)
)
SELECT
    received_cdr_id,
    version_no,
    kind,
    credit_reference_id,
    site_id,
    site_name,
    station_id,
    local_date,
    started_at,
    timezone(time_zone, started_at) AS started_local,
    ended_at,
    timezone(time_zone, ended_at) AS ended_local,
    CAST(energy_wh * 0.001 AS DECIMAL(18, 9)) AS energy_kwh,
    currency,
    sent_excl_vat,
    sent_incl_vat,
    priced_excl_vat,
    priced_incl_vat,
    difference_excl_vat,
    difference_incl_vat,
    verdict,
    reason,
    source
FROM placed
WHERE local_date >= $date_from
  AND local_date < $date_to
  AND ($sites IS NULL OR list_contains($sites, site_id))
ORDER BY started_at, received_cdr_id, version_no
