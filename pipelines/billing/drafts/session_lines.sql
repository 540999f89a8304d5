-- One line per CDR and VAT rate, half-up to the currency's minor unit. The lines' sum of amounts with twelve decimals
-- is as good as exact here: with whole seconds and Wh an amount lies on a tie or at least 10⁻¹⁰ beside it.
WITH charged AS (
    SELECT
        invoice_touched.month,
        registry_contracts.billing = 'per_session' AS per_session,
        all_cdrs.*
    FROM all_cdrs
    JOIN invoice_touched
        ON invoice_touched.contract_id = all_cdrs.contract_id
        AND invoice_touched.currency = all_cdrs.currency
        AND invoice_touched.month = date_trunc('month', all_cdrs.local_date)
    JOIN registry_contracts ON registry_contracts.contract_id = all_cdrs.contract_id
    -- A suspect session is billed where the policy says so; what a person released, in any case.
    WHERE (grade = 'ok' OR decision = 'release' OR $suspect)
        -- An invoice is made up of nets: one that is not known waits for the rate of its VAT.
        AND total_excl_vat IS NOT NULL
),
amounts AS (
    SELECT
        -- A draft a session, or all of the month on one.
        CASE
            WHEN per_session THEN concat_ws('-', charged.contract_id, session_id)
            ELSE concat_ws('-', charged.contract_id, strftime(month, '%Y-%m'), currency)
        END AS invoice_id,
        charged.contract_id,
        month,
        currency,
        minor_unit,
        cdr_id,
        session_id,
        site_id,
        started_at,
        local_date,
        cost_centre,
        energy_wh,
        vat_percent,
        CAST(sum(amount_excl_vat) * 1000000000000 AS HUGEINT) AS exact_amount
    FROM charged
    JOIN all_cdr_lines USING (cdr_id)
    JOIN currencies USING (currency)
    LEFT JOIN registry_tokens USING (id_token)
    GROUP BY ALL
)
SELECT
    * EXCLUDE (energy_wh),
    CASE WHEN row_number() OVER (PARTITION BY cdr_id ORDER BY vat_percent NULLS LAST) = 1 THEN energy_wh ELSE 0 END
        AS energy_wh,
    in_money(half_up(exact_amount, CAST(10 ** (12 - minor_unit) AS HUGEINT)), minor_unit) AS amount_excl_vat
FROM amounts
