-- The sessions that can be priced, as cutting and rating read them. Where a tariff does not give its VAT and the law of
-- the place does, it is rated as if it gave that (see `tariffs.taxed`).
SELECT
    row_number() OVER () AS session_no,
    session_id,
    coalesce(rated_as, tariff_id) AS tariff_id,
    tariff_version,
    started_at,
    ended_at,
    time_zone,
    energy_wh,
    told_energy_wh,
    charging_seconds,
    idle_seconds
FROM billing_candidates
LEFT JOIN tariff_variants USING (tariff_id, tariff_version, lawful_vat_percent)
WHERE reason IS NULL
