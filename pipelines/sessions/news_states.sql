-- A connector's states are told anew from before the news on: what went and came back as it was has not changed.
SELECT station_id, evse_id, from_at
FROM changed_connector_states
GROUP BY station_id, evse_id, connector_id, from_at, reported_state
HAVING count(*) % 2 = 1
