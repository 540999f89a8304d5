-- How the session's price comes about, by period and dimension.
SELECT period_no, dimension, element_no, quantity_unit, volume, billed_volume, rated_periods.price, vat_percent
FROM rated_periods
JOIN (SELECT dimension, quantity_unit FROM rating_dimensions) USING (dimension)
WHERE session_no = $session_no
ORDER BY period_no, dimension_no
