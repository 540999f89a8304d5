-- Energy of the touched months that a plan may pay for, with the volumes and prices of their CDRs, in whole numbers:
-- millionths of a kWh × days of the month, and 10⁻¹² of the currency × days of the month. Free energy uses up nothing.
SELECT
    contract_id,
    month,
    currency,
    lines.cdr_id,
    lines.line_no,
    lines.vat_percent,
    charged.session_id,
    charged.started_at,
    charged.local_date,
    CAST(lines.quantity * 1000000 AS HUGEINT) * day(last_day(month)) AS volume,
    CAST(lines.price * 1000000 AS HUGEINT) AS price,
    CAST(CAST(lines.amount_excl_vat AS DECIMAL(38, 12)) * 1000000000000 AS HUGEINT) * day(last_day(month)) AS amount
FROM (
    SELECT DISTINCT contract_id, month, currency, cdr_id, session_id, started_at, local_date FROM session_lines
) AS charged
JOIN all_cdr_lines AS lines USING (cdr_id)
SEMI JOIN (SELECT * FROM plan_months WHERE included > 0) AS including USING (contract_id, month, currency)
WHERE lines.dimension = 'ENERGY' AND lines.quantity > 0 AND lines.amount_excl_vat > 0
