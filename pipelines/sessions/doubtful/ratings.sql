-- What the connector of each doubtful session could deliver then.
SELECT
    held.no,
    coalesce(
        list_filter(periods, lambda p: held.happened_at >= p.from_at AND held.happened_at < p.to_at)[-1].rated_power_w,
        periods[-1].rated_power_w
    ) AS rated_power_w
FROM held
JOIN connector_ratings AS rating
    ON rating.station_id = held.station_id
    AND rating.evse_id = held.evse_id
    AND rating.connector_id IS NOT DISTINCT FROM held.connector_id
