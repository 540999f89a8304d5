WITH placed AS (
    SELECT c.*, x.name AS site_name, coalesce(x.time_zone, 'UTC') AS time_zone
    FROM billing.cdrs AS c
    LEFT JOIN registry.sites AS x ON x.site_id = c.site_id
)
SELECT
    cdr_id,
    session_id,
    country_code,
    party_id,
    site_id,
    site_name,
    station_id,
    contract_id,
    tariff_id,
    tariff_version,
    local_date,
    started_at,
    timezone(time_zone, started_at) AS started_local,
    ended_at,
    timezone(time_zone, ended_at) AS ended_local,
    CAST(energy_wh * 0.001 AS DECIMAL(18, 9)) AS energy_kwh,
    charging_seconds,
    parking_seconds,
    currency,
    total_excl_vat,
    total_incl_vat,
    grade,
    decision
FROM placed
WHERE local_date >= $date_from
  AND local_date < $date_to
  AND ($sites IS NULL OR list_contains($sites, site_id))
ORDER BY started_at, station_id, cdr_id
