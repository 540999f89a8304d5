-- Lines of the touched drafts, numbered: sessions by their start, what plans take back of them, fees.
WITH lines AS (
    SELECT
        1 AS part,
        'session' AS kind,
        invoice_id, contract_id, month, currency, cdr_id, session_id, site_id, started_at,
        CAST(NULL AS VARCHAR) AS subscription_id,
        cost_centre, energy_wh, vat_percent, amount_excl_vat
    FROM session_lines
    UNION ALL BY NAME
    SELECT 2 AS part, 'included' AS kind, *, 0 AS energy_wh
    FROM included_lines
    UNION ALL BY NAME
    SELECT
        3 AS part,
        'fee' AS kind,
        concat_ws('-', contract_id, strftime(month, '%Y-%m'), currency) AS invoice_id,
        contract_id, month, currency, subscription_id,
        0 AS energy_wh,
        vat_percent,
        fee AS amount_excl_vat
    FROM plan_months
    SEMI JOIN invoice_touched USING (contract_id, month, currency)
    WHERE fee <> 0
)
SELECT
    * EXCLUDE (part),
    CAST(row_number() OVER (
        PARTITION BY invoice_id
        ORDER BY part, started_at, cdr_id, subscription_id, cost_centre NULLS FIRST, vat_percent NULLS LAST
    ) AS INTEGER) AS line_no
FROM lines
