-- Agreements with site owners; their months and days are those of the site.
SELECT
    owner_contract_id AS agreement_id,
    time_zone,
    owner_contracts.valid_from,
    owner_contracts.valid_to
FROM registry_owner_contracts AS owner_contracts
JOIN registry_sites USING (site_id)
SEMI JOIN (SELECT name AS time_zone FROM pg_timezone_names()) USING (time_zone)
