SELECT
    cdr_id, contract_id, tariff_id, tariff_version, currency, total_excl_vat, total_incl_vat, grade, decision,
    (energy_wh / 1000)::DOUBLE AS energy_kwh
FROM billing.cdrs
WHERE session_id = $session_id
ORDER BY cdr_id
