-- Costs of each session as OCPI names them: by kind and in total, net and gross rounded once to four decimals, and the
-- tax by rate. Units as in `taxed_amounts`; the total includes what the tariff's bounds change.
WITH amounts AS (
    SELECT
        session_no,
        dimension_no,
        vat_percent,
        2 * net + (2 * net_rest + 1000) // CAST(1000000000000000000 AS HUGEINT) AS net,
        gross
    FROM taxed_amounts
    UNION ALL
    SELECT session_no, 7, limit_vat_percent, lift_net + cut_net, lift_gross + cut_gross
    FROM rated_sums
    WHERE coalesce(lift_net, 0) <> 0 OR coalesce(lift_gross, 0) <> 0
        OR coalesce(cut_net, 0) <> 0 OR coalesce(cut_gross, 0) <> 0
),
named AS (
    SELECT *, 'total_cost' AS name FROM amounts
    UNION ALL
    SELECT
        *,
        CASE dimension_no
            WHEN 1 THEN 'total_energy_cost'
            WHEN 2 THEN 'total_time_cost'
            WHEN 3 THEN 'total_parking_cost'
            WHEN 4 THEN 'total_fixed_cost'
            ELSE 'total_reservation_cost'
        END
    FROM amounts
    WHERE dimension_no <= 6
),
by_rate AS (
    SELECT
        session_no,
        name,
        vat_percent,
        CASE WHEN count(*) = count(net) THEN sum(net) END AS net,
        CASE WHEN count(*) = count(gross) THEN sum(gross) END AS gross
    FROM named
    GROUP BY session_no, name, vat_percent
),
rounded AS (
    SELECT
        session_no,
        name,
        CASE WHEN count(*) = count(net) THEN sum(net) END AS net,
        CASE WHEN count(*) = count(gross) THEN sum(gross) END AS gross,
        list({
            'rate': vat_percent,
            'tax': to_four(half_up(gross - net * 500000, CAST(1800000000000000000 AS HUGEINT)))
        } ORDER BY vat_percent) FILTER (net IS NOT NULL AND gross IS NOT NULL) AS taxes
    FROM by_rate
    GROUP BY session_no, name
)
SELECT
    session_no,
    name,
    CASE name
        WHEN 'total_cost' THEN total_excl_vat
        ELSE to_four(half_up(net, CAST(3600000000000 AS HUGEINT)))
    END AS net,
    CASE name
        WHEN 'total_cost' THEN total_incl_vat
        ELSE to_four(half_up(gross, CAST(1800000000000000000 AS HUGEINT)))
    END AS gross,
    taxes
FROM rounded
JOIN rated_totals USING (session_no)
