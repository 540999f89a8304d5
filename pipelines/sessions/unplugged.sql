-- When the vehicle left: the first time at or after the end of the session that its connector was available, before
-- anything else began there. A connector that is already available at the end was left then.
WITH ended AS (
    SELECT session_id, station_id, evse_id, started_at, ended_at FROM measured_sessions
    WHERE state = 'completed' AND ended_at >= started_at AND evse_id IS NOT NULL
      -- Records of other systems end when they say so.
      AND readings IS NOT NULL
),
states AS (
    SELECT
        station_id, evse_id, from_at, to_at,
        -- While the station is offline the last that it reported goes on.
        reported_state = 'available' AS is_free
    FROM all_connector_states
    WHERE station_id IN (SELECT station_id FROM ended)
      AND coalesce(to_at, 'infinity') >= (SELECT min(ended_at) FROM ended)
),
at_end AS (
    SELECT ended.*, states.is_free, states.from_at AS state_from_at
    FROM ended
    ASOF LEFT JOIN states
        ON states.station_id = ended.station_id AND states.evse_id = ended.evse_id AND ended.ended_at >= states.from_at
),
after_end AS (
    SELECT at_end.*, free.from_at AS free_at
    FROM at_end
    ASOF LEFT JOIN (SELECT * FROM states WHERE is_free) AS free
        ON free.station_id = at_end.station_id AND free.evse_id = at_end.evse_id AND at_end.ended_at <= free.from_at
),
station_starts AS (
    SELECT station_id, evse_id, event_at
    FROM all_transaction_events
    WHERE event = 'started' AND event_at >= (SELECT min(ended_at) FROM ended)
      AND station_id IN (SELECT station_id FROM after_end)
),
followed AS (
    SELECT after_end.*, next.event_at AS next_start_at
    FROM after_end
    ASOF LEFT JOIN station_starts AS next
        ON next.station_id = after_end.station_id AND next.evse_id = after_end.evse_id
        AND after_end.ended_at <= next.event_at
)
SELECT
    session_id,
    CASE WHEN is_free THEN ended_at
         WHEN free_at <= ended_at + to_hours(3 * 24) AND coalesce(free_at <= next_start_at, true) THEN free_at
    END AS unplugged_at
FROM followed
