-- Ended, billable sessions with their place and who pays. Billable: graded ok or suspect, or released by a person. What
-- a meter has signed goes before other evidence of the energy; `told_energy_wh` is what the session says itself.
WITH billable AS (
    SELECT
        all_sessions.* REPLACE (coalesce(signed_energy_wh, all_sessions.energy_wh) AS energy_wh),
        all_sessions.energy_wh AS told_energy_wh,
        standing,
        bills AS signature_bills,
        bills_time AS signature_bills_time,
        signed_verdicts.reason AS signature_reason
    FROM all_sessions
    SEMI JOIN billing_touched USING (session_id)
    LEFT JOIN standing_decisions USING (session_id)
    LEFT JOIN signed_verdicts USING (session_id)
    WHERE state <> 'active' AND ended_at IS NOT NULL
        AND (grade IN ('ok', 'suspect') OR coalesce(standing = 'release', false))
),
placed AS (
    SELECT
        billable.*,
        registry_operators.country_code,
        registry_operators.party_id,
        -- The VAT that the law puts on the energy: at the place and time of charging (VAT Directive, Article 39). Who is
        -- exempt, or outside of VAT, charges none.
        CAST(CASE
            WHEN registry_operators.tax_category IN ('E', 'O') THEN 0
            ELSE registry_tax_rates.rate_percent
        END AS DECIMAL(7, 4)) AS lawful_vat_percent,
        registry_sites.site_id IS NOT NULL AS has_site,
        zones.time_zone,
        CAST(timezone(zones.time_zone, started_at) AS DATE) AS local_date
    FROM billable
    LEFT JOIN registry_sites USING (site_id)
    LEFT JOIN registry_operators USING (operator_id)
    LEFT JOIN registry_tax_rates
        ON registry_tax_rates.country_code = registry_sites.country_code
        AND registry_tax_rates.tax_code IN ('S', 'IGST')
        AND started_at >= registry_tax_rates.valid_from
        AND started_at < coalesce(registry_tax_rates.valid_to, 'infinity')
    LEFT JOIN (SELECT DISTINCT name AS time_zone FROM pg_timezone_names()) AS zones
        ON zones.time_zone = registry_sites.time_zone
)
SELECT
    placed.*,
    registry_tokens.token_group,
    registry_tokens.contract_id,
    coalesce(registry_contracts.tax_category = 'AE', false) AS reverse_charge,
    coalesce(
        started_at >= registry_tokens.valid_from AND started_at < coalesce(registry_tokens.valid_to, 'infinity'),
        true
    ) AS token_in_force,
    registry_tokens.contract_id IS NULL OR coalesce(
        started_at >= registry_contracts.valid_from
        AND started_at < coalesce(registry_contracts.valid_to, 'infinity'),
        false
    ) AS contract_in_force
FROM placed
LEFT JOIN registry_tokens USING (id_token)
LEFT JOIN registry_contracts ON registry_contracts.contract_id = registry_tokens.contract_id
