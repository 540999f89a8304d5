-- To which session each event of a doubtful transaction belongs. One id may stand for several sessions (5, 20): the
-- connector decides, for a stop then token and register, then time.
WITH candidates AS (
    SELECT
        event.collector_id, event.seq, event.place, event.station_id, event.event, event.event_at, event.happened_at,
        event.received_at, event.register_wh, event.stop_reason, event.seq_no, event.charging_state, event.id_token,
        event.external_session_id, event.breaks_schema, event.answer_seq, event.evse_id,
        begins.begin_key, begins.own_id, begins.happened_at AS begun_at,
        event.evse_id <> begins.evse_id AS elsewhere,
        event.id_token <> begins.id_token AS other_token,
        event.register_wh < begins.register_wh AS register_below
    FROM doubtful_events AS event
    JOIN (SELECT *, unnest(transaction_ids) AS known_id FROM begins) AS begins
        ON begins.station_id = event.station_id AND begins.known_id = event.transaction_id
    WHERE event.event <> 'started'
)
SELECT * EXCLUDE (own_id, begun_at, elsewhere, other_token, register_below), false AS without_id
FROM candidates
QUALIFY row_number() OVER (
    PARTITION BY collector_id, seq
    ORDER BY
        coalesce(elsewhere, false),
        -- Stations' clocks and ours differ a little.
        begun_at > happened_at + INTERVAL 5 MINUTE,
        CASE WHEN event = 'ended' THEN coalesce(other_token, false) END,
        CASE WHEN event = 'ended' THEN coalesce(register_below, false) END,
        CASE WHEN begun_at <= happened_at + INTERVAL 5 MINUTE THEN -epoch_us(begun_at) ELSE epoch_us(begun_at) END,
        own_id
) = 1
