-- Which tariff the imagined session has, or why none: whether a meter will sign is not known before it charges.
SELECT
    tariff_id,
    tariff_version,
    lawful_vat_percent,
    reverse_charge,
    CASE WHEN reason[1] <> 'signature' THEN reason[2] END AS reason
FROM billing_candidates
