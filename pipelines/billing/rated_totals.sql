-- Totals per session: the exact sum of its lines, rounded once to four decimals. A session without a priced line is
-- free: its total is 0 and known. With one line of unknown VAT the total with VAT is unknown.
WITH amounts AS (
    SELECT
        session_id,
        -- 18000 is the least common multiple of 1000, 3600 and 1.
        amount_parts * (18000 // parts) AS amount,
        CAST(CAST(vat_percent AS DECIMAL(38, 4)) * 10000 AS HUGEINT) AS vat
    FROM rated_lines
),
totals AS (
    SELECT
        session_id,
        coalesce(sum(amount), 0) AS excl_vat,
        CASE WHEN count(amount) = count(vat) THEN coalesce(sum(amount * (1000000 + vat)), 0) END AS incl_vat
    FROM (SELECT DISTINCT session_id FROM usage)
    LEFT JOIN amounts USING (session_id)
    GROUP BY session_id
)
SELECT
    session_id,
    CAST(CAST(half_up(excl_vat, 18000 * CAST(100000000 AS HUGEINT)) AS DECIMAL(38, 0)) * 0.0001 AS DECIMAL(18, 4))
        AS total_excl_vat,
    CAST(
        CAST(half_up(incl_vat, 18000 * CAST(100000000 AS HUGEINT) * 1000000) AS DECIMAL(38, 0)) * 0.0001
        AS DECIMAL(18, 4)
    ) AS total_incl_vat
FROM totals
