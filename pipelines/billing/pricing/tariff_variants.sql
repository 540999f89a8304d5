-- Tariffs that do not give their VAT, as they are rated where the law gives it: `rated_as` is their name in the engine.
SELECT
    variant ->> 'id' AS tariff_id,
    CAST(variant ->> 'version' AS INTEGER) AS tariff_version,
    CAST(variant ->> 'vat_percent' AS DECIMAL(7, 4)) AS lawful_vat_percent,
    variant ->> 'rated_as' AS rated_as
FROM (SELECT unnest(CAST(CAST($variants AS JSON) AS JSON[])) AS variant)
