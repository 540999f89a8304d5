-- The transactions with their lasting name, their site, the rating of their connector and where they came from.
WITH ratings AS (
    SELECT
        transactions.station_id,
        transactions.transaction_id,
        -- The connector as it was in service at the start; else as it was last.
        arg_max(connectors.rated_power_w, (
            transactions.started_at >= connectors.in_service_from
            AND transactions.started_at < coalesce(connectors.in_service_to, 'infinity'),
            connectors.in_service_from
        )) AS rated_power_w
    FROM transactions
    JOIN registry.connectors AS connectors
        ON connectors.station_id = transactions.station_id
        AND connectors.evse_id = transactions.evse_id
        AND connectors.connector_id = coalesce(transactions.connector_id, connectors.connector_id)
    GROUP BY ALL
),
clocks AS (
    SELECT collector_id, connection_id, max(clock) AS clock FROM all_connections WHERE event = 'opened' GROUP BY ALL
)
SELECT
    md5(concat_ws('|', station_id, transaction_id, epoch_us(started_at))) AS session_id,
    transactions.*,
    coalesce(stations.site_id, 'unregistered') AS site_id,
    ratings.rated_power_w,
    CASE WHEN connection_id IS NULL THEN 'import'
         WHEN clocks.clock = 'replay' THEN 'replay'
         ELSE 'live' END AS origin
FROM transactions
LEFT JOIN registry.stations AS stations USING (station_id)
LEFT JOIN ratings USING (station_id, transaction_id)
LEFT JOIN clocks USING (collector_id, connection_id)
