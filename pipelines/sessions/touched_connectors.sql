-- Connectors that something new is said about, and from when on their states are told anew.
-- A state lasts until something else is said, so everything before the state in which the news falls stays as it is;
-- the state before that one is the seed from which to go on.
WITH news AS (
    SELECT station_id, evse_id, connector_id, happened_at AS at_time FROM new_statuses
    UNION ALL
    SELECT station_id, evse_id, connector_id, happened_at
    FROM new_connections
    JOIN (
        SELECT DISTINCT station_id, evse_id, connector_id FROM core.connector_states
        UNION
        SELECT DISTINCT station_id, evse_id, connector_id FROM new_statuses
    ) AS connectors USING (station_id)
),
first_news AS (
    SELECT station_id, evse_id, connector_id, min(at_time) AS at_time FROM news GROUP BY ALL
),
stored AS (
    SELECT *, lag(from_at) OVER (PARTITION BY station_id, evse_id, connector_id ORDER BY from_at) AS before_at
    FROM core.connector_states
    SEMI JOIN first_news USING (station_id, evse_id, connector_id)
)
SELECT
    station_id,
    evse_id,
    connector_id,
    least(any_value(first_news.at_time), max(stored.from_at) FILTER (stored.from_at <= first_news.at_time)) AS marks_from,
    arg_max(stored.before_at, stored.from_at) FILTER (stored.from_at <= first_news.at_time) AS seed_at
FROM first_news
LEFT JOIN stored USING (station_id, evse_id, connector_id)
GROUP BY ALL
