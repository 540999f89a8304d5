-- How the price of each session comes about, by period and dimension: element chosen, volume (Wh, s, or 1), billed volume
-- with what a step adds, price. For explanation; priced lines are the sums.
SELECT
    session_id,
    session_no,
    period_no,
    dimension_no,
    dimension,
    element_no,
    CAST(sum(volume) * 0.000001 AS DECIMAL(18, 6)) AS volume,
    CAST((sum(volume) + sum(added)) * 0.000001 AS DECIMAL(18, 6)) AS billed_volume,
    price,
    vat_percent
FROM rated_volumes
JOIN rating_sessions USING (session_no, tariff_no)
JOIN rating_dimensions USING (dimension_no)
JOIN (SELECT * RENAME (dimension AS component) FROM tariff_components) USING (tariff_no, element_no, component)
GROUP BY ALL
