-- What plans take back, per draft, subscription, VAT rate and cost centre: of each session line the amount as billed less
-- what it would be without the included energy, both half-up. So a session that is included as a whole costs nothing,
-- and no line is ever taken back further than to zero.
WITH taken AS (
    SELECT subscription_id, turn, cdr_id, vat_percent, sum(amount) AS amount
    FROM included_taken
    GROUP BY ALL
),
steps AS (
    SELECT
        session_lines.*,
        taken.subscription_id,
        day(last_day(month)) AS days_of_month,
        sum(taken.amount) OVER (
            PARTITION BY taken.cdr_id, taken.vat_percent ORDER BY taken.turn, taken.subscription_id
            ROWS UNBOUNDED PRECEDING
        ) AS taken_after,
        taken_after - taken.amount AS taken_before
    FROM taken
    JOIN session_lines
        ON session_lines.cdr_id = taken.cdr_id AND session_lines.vat_percent IS NOT DISTINCT FROM taken.vat_percent
),
rounded AS (
    SELECT
        *,
        CAST(10 ** (12 - minor_unit) AS HUGEINT) * days_of_month AS parts,
        half_up(greatest(exact_amount * days_of_month - taken_before, least(exact_amount, 0)), parts) AS amount_before,
        half_up(greatest(exact_amount * days_of_month - taken_after, least(exact_amount, 0)), parts) AS amount_after
    FROM steps
)
SELECT
    invoice_id,
    contract_id,
    month,
    currency,
    subscription_id,
    cost_centre,
    vat_percent,
    in_money(CAST(sum(amount_after - amount_before) AS HUGEINT), minor_unit) AS amount_excl_vat
FROM rounded
GROUP BY invoice_id, contract_id, month, currency, minor_unit, subscription_id, cost_centre, vat_percent
HAVING sum(amount_after - amount_before) <> 0
