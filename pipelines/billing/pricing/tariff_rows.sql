-- Every version of every tariff, as declared.
SELECT tariff_id, version, currency, elements, min_price, max_price, tax_included, tariff_type FROM registry_tariffs
