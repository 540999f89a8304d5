-- Lines, one per session, dimension and tariff element, and one for what a least or greatest price changes. `price` is
-- per `quantity_unit`, before VAT unless the tariff includes it. Amounts to twelve decimals; NULL: not known.
WITH lines AS (
    SELECT
        session_no,
        dimension_no,
        element_no,
        volume,
        price,
        vat_percent,
        half_up_fast(volume * net_factor, net_divisor) AS net,
        half_up_fast(volume * gross_factor, gross_divisor) AS gross
    FROM priced_lines
    UNION ALL BY NAME
    SELECT
        session_no,
        dimension_no,
        1000000 AS volume,
        limit_vat_percent AS vat_percent,
        half_up_fast(net, CAST(36000 AS HUGEINT)) AS net,
        half_up_fast(gross, CAST(18000000000 AS HUGEINT)) AS gross
    FROM (
        SELECT session_no, 7 AS dimension_no, limit_vat_percent, lift_net AS net, lift_gross AS gross
        FROM rated_sums WHERE has_limits
        UNION ALL
        SELECT session_no, 8, limit_vat_percent, cut_net, cut_gross FROM rated_sums WHERE has_limits
    )
    WHERE coalesce(net, 0) <> 0 OR coalesce(gross, 0) <> 0
)
SELECT
    session_id,
    session_no,
    CAST(
        row_number() OVER (PARTITION BY session_no ORDER BY dimension_no, element_no) AS INTEGER
    ) AS line_no,
    dimension,
    element_no,
    quantity_unit,
    CAST(half_up(volume, parts) * 0.000001 AS DECIMAL(18, 6)) AS quantity,
    coalesce(
        price,
        CAST(
            CAST(half_up_fast(coalesce(net, gross), CAST(1000000 AS HUGEINT)) AS DECIMAL(38, 0)) * 0.000001 AS DECIMAL(18, 6)
        )
    )
        AS price,
    vat_percent,
    CAST(CAST(net AS DECIMAL(38, 0)) * 0.000000000001 AS DECIMAL(28, 12)) AS amount_excl_vat,
    CAST(CAST(gross AS DECIMAL(38, 0)) * 0.000000000001 AS DECIMAL(28, 12)) AS amount_incl_vat
FROM lines
JOIN rating_dimensions USING (dimension_no)
JOIN rating_sessions USING (session_no)
