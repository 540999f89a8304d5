-- What the subscriptions whose turn it is take of the energy that those before them left: by start of session, of
-- sessions on the subscription's days, until the included energy is used up.
WITH energy AS (
    SELECT
        included_energy.* EXCLUDE (volume, amount),
        included_energy.volume - coalesce(earlier.volume, 0) AS volume,
        included_energy.amount - coalesce(earlier.amount, 0) AS amount
    FROM included_energy
    LEFT JOIN (
        SELECT cdr_id, line_no, sum(volume) AS volume, sum(amount) AS amount FROM included_taken GROUP BY ALL
    ) AS earlier USING (cdr_id, line_no)
),
offered AS (
    SELECT
        turns.subscription_id,
        turns.turn,
        energy.*,
        turns.included - coalesce(
            sum(energy.volume) OVER (
                PARTITION BY turns.subscription_id, turns.month
                ORDER BY energy.started_at, energy.session_id, energy.line_no
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            0
        ) AS still_included
    FROM energy
    JOIN included_turns AS turns USING (contract_id, month, currency)
    WHERE turns.turn = $turn
        AND energy.volume > 0
        AND energy.local_date >= turns.first_day
        AND energy.local_date < turns.end_day
)
SELECT
    subscription_id,
    CAST(turn AS BIGINT) AS turn,
    cdr_id,
    line_no,
    vat_percent,
    CAST(least(volume, still_included) AS HUGEINT) AS volume,
    -- All of it at what it was billed for: its volume is rounded to a millionth.
    CAST(CASE WHEN still_included >= volume THEN amount ELSE least(still_included * price, amount) END AS HUGEINT)
        AS amount
FROM offered
WHERE still_included > 0
