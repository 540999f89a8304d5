-- The plain transactions, numbered, with the rating of their connector as it was in service at the start; else as it
-- was last.
SELECT
    CAST(row_number() OVER () AS INTEGER) AS no,
    transactions.*,
    CASE WHEN len(periods) = 1 THEN periods[1].rated_power_w
         ELSE coalesce(
             list_filter(periods, lambda p: started_at >= p.from_at AND started_at < p.to_at)[-1].rated_power_w,
             periods[-1].rated_power_w
         ) END AS rated_power_w
FROM transactions
LEFT JOIN connector_ratings AS rating
    ON rating.station_id = transactions.station_id
    AND rating.evse_id = transactions.evse_id
    AND rating.connector_id IS NOT DISTINCT FROM transactions.connector_id
WHERE is_plain
