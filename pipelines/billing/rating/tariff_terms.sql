-- What holds for a tariff version as a whole.
SELECT
    CAST(term ->> 'no' AS INTEGER) AS tariff_no,
    term ->> 'tariff_id' AS tariff_id,
    CAST(term ->> 'tariff_version' AS INTEGER) AS tariff_version,
    term ->> 'currency' AS currency,
    term ->> 'tax_included' AS tax_included,
    CAST(term ->> 'is_restricted' AS BOOLEAN) AS is_restricted,
    CAST(term ->> 'asks_flow' AS BOOLEAN) AS asks_flow,
    CAST(term ->> 'min_before_taxes' AS DECIMAL(18, 6)) AS min_before_taxes,
    CAST(term ->> 'min_after_taxes' AS DECIMAL(18, 6)) AS min_after_taxes,
    CAST(term ->> 'max_before_taxes' AS DECIMAL(18, 6)) AS max_before_taxes,
    CAST(term ->> 'max_after_taxes' AS DECIMAL(18, 6)) AS max_after_taxes,
    CAST(term ->> 'first_vat_percent' AS DECIMAL(7, 4)) AS first_vat_percent
FROM (SELECT unnest(CAST(CAST($rows AS JSON) AS JSON[])) AS term)
