-- What sessions cost now, and CDRs that left the house and were taken back, each with the credit CDR that did so. Amounts
-- of a credit CDR are below zero, so that the two cancel out; its energy is positive as OCPI has it, `net_energy_kwh` is
-- not.
WITH taken_back AS (
    SELECT credit_reference_id AS issued_cdr_id FROM billing.issued_cdrs WHERE kind = 'credit'
),
standing AS (
    SELECT cdr_id, issued_cdr_id, issued_at
    FROM billing.issued_cdrs
    ANTI JOIN taken_back USING (issued_cdr_id)
    WHERE kind = 'cdr'
),
told AS (
    SELECT 'cdr' AS kind, issued_cdr_id, NULL AS credit_reference_id, issued_at, cdrs.*
    FROM billing.cdrs AS cdrs
    LEFT JOIN standing USING (cdr_id)
    UNION ALL BY NAME
    SELECT kind, issued_cdr_id, credit_reference_id, issued_at, cdr_id, session_id, country_code, party_id, site_id,
        station_id, contract_id, id_token, tariff_id, tariff_version, currency, started_at, ended_at, energy_wh,
        local_date, charging_seconds, parking_seconds, total_excl_vat, total_incl_vat, grade, decision
    FROM billing.issued_cdrs
    WHERE kind = 'credit' OR issued_cdr_id IN (FROM taken_back)
),
placed AS (
    SELECT told.*, sites.name AS site_name, coalesce(sites.time_zone, 'UTC') AS time_zone
    FROM told
    LEFT JOIN registry.sites AS sites USING (site_id)
)
SELECT
    cdr_id,
    kind,
    issued_cdr_id,
    credit_reference_id,
    issued_at,
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
    CAST(energy_wh * CASE kind WHEN 'credit' THEN -0.001 ELSE 0.001 END AS DECIMAL(18, 9)) AS net_energy_kwh,
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
ORDER BY started_at, station_id, cdr_id, issued_at NULLS LAST, kind, issued_cdr_id
