-- One line per CDR and VAT rate, half-up to the currency's minor unit. The lines' sum of amounts with twelve decimals
-- is as good as exact here: with whole seconds and Wh an amount lies on a tie or at least 10⁻¹⁰ beside it.
--
-- Without a contract (ad hoc) the session has an account of its own; a receipt over nothing is not drawn up.
WITH payers AS (
    SELECT * REPLACE (coalesce(contract_id, $ad_hoc || session_id) AS contract_id), contract_id IS NULL AS is_ad_hoc
    FROM all_cdrs
),
charged AS (
    SELECT
        invoice_touched.month,
        coalesce(registry_contracts.billing = 'per_session', false) AS per_session,
        payers.*
    FROM payers
    JOIN invoice_touched
        ON invoice_touched.contract_id = payers.contract_id
        AND invoice_touched.currency = payers.currency
        AND invoice_touched.month = date_trunc('month', payers.local_date)
    LEFT JOIN registry_contracts ON registry_contracts.contract_id = payers.contract_id
    -- A suspect session is billed where the policy says so; what a person released, in any case.
    WHERE (is_ad_hoc OR registry_contracts.contract_id IS NOT NULL)
        AND (grade = 'ok' OR decision = 'release' OR $suspect)
        -- An invoice is made up of nets: one that is not known waits for the rate of its VAT.
        AND total_excl_vat IS NOT NULL
),
amounts AS (
    SELECT
        -- A draft a session, or all of the month on one.
        CASE
            WHEN is_ad_hoc THEN charged.contract_id
            WHEN per_session THEN concat_ws('-', charged.contract_id, session_id)
            ELSE concat_ws('-', charged.contract_id, strftime(month, '%Y-%m'), currency)
        END AS invoice_id,
        charged.contract_id,
        is_ad_hoc,
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
QUALIFY NOT is_ad_hoc OR sum(amount_excl_vat) OVER (PARTITION BY cdr_id) <> 0
