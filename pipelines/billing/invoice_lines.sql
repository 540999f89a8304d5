-- One line per CDR and VAT rate, half-up to the currency's minor unit. The lines' sum of amounts with twelve decimals
-- is as good as exact here: with whole seconds and Wh an amount lies on a tie or at least 10⁻¹⁰ beside it.
WITH charged AS (
    SELECT invoice_id, month, all_cdrs.*
    FROM all_cdrs
    JOIN invoice_touched
        ON invoice_touched.contract_id = all_cdrs.contract_id
        AND invoice_touched.currency = all_cdrs.currency
        AND invoice_touched.month = date_trunc('month', all_cdrs.local_date)
    -- A suspect session is billed where the policy says so; what a person released, in any case.
    WHERE (grade = 'ok' OR decision = 'release' OR $suspect)
        -- An invoice is made up of nets: one that is not known waits for the rate of its VAT.
        AND total_excl_vat IS NOT NULL
),
amounts AS (
    SELECT
        invoice_id,
        cdr_id,
        session_id,
        site_id,
        started_at,
        energy_wh,
        vat_percent,
        minor_unit,
        CAST(sum(amount_excl_vat) * 1000000000000 AS HUGEINT) AS amount
    FROM charged
    JOIN all_cdr_lines USING (cdr_id)
    JOIN currencies USING (currency)
    GROUP BY ALL
),
numbered AS (
    SELECT
        *,
        CAST(row_number() OVER (
            PARTITION BY invoice_id ORDER BY started_at, cdr_id, vat_percent NULLS LAST
        ) AS INTEGER) AS line_no,
        row_number() OVER (PARTITION BY cdr_id ORDER BY vat_percent NULLS LAST) = 1 AS is_first
    FROM amounts
)
SELECT
    invoice_id,
    line_no,
    cdr_id,
    session_id,
    site_id,
    started_at,
    CASE WHEN is_first THEN energy_wh ELSE 0 END AS energy_wh,
    vat_percent,
    CAST(
        CAST(half_up(amount, CAST(10 ** (12 - minor_unit) AS HUGEINT)) * CAST(10 ** (4 - minor_unit) AS HUGEINT)
            AS DECIMAL(38, 0)) * 0.0001
        AS DECIMAL(18, 4)
    ) AS amount_excl_vat
FROM numbered
