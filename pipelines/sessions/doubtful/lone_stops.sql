-- Stops that name no transaction that is known (10): each belongs to the one open session that fits its token and
-- register. Two that fit are no guess to be made.
WITH lone AS (
    SELECT event.*, NULL AS own_key
    FROM doubtful_events AS event
    WHERE event = 'ended' AND transaction_id IS NULL
    UNION ALL BY NAME
    SELECT event.*, begins.begin_key AS own_key
    FROM doubtful_events AS event
    JOIN begins USING (station_id, transaction_id)
    WHERE event.event = 'ended' AND begins.only_stopped
),
each_once AS (
    SELECT * FROM lone
    QUALIFY row_number() OVER (
        PARTITION BY station_id, transaction_id, event_at, register_wh, id_token ORDER BY place
    ) = 1
),
open AS (
    SELECT begins.*, next_start_at
    FROM begins
    LEFT JOIN next_starts USING (begin_key)
    ANTI JOIN (SELECT begin_key FROM assigned_events WHERE event = 'ended') AS stopped USING (begin_key)
    WHERE NOT only_stopped
),
last_known AS (
    SELECT open.begin_key, max(value) AS register_wh
    FROM open
    JOIN doubtful_values AS meter_value
        ON meter_value.station_id = open.station_id AND list_contains(open.transaction_ids, meter_value.transaction_id)
    WHERE measurand = 'Energy.Active.Import.Register' AND phase IS NULL AND location = 'Outlet'
    GROUP BY open.begin_key
),
fitting AS (
    SELECT each_once.*, open.begin_key, count(*) OVER (PARTITION BY each_once.collector_id, each_once.seq) AS fits
    FROM each_once
    JOIN open
        ON open.station_id = each_once.station_id
        AND each_once.happened_at >= open.happened_at - INTERVAL 5 MINUTE
        AND each_once.happened_at <= open.happened_at + INTERVAL 7 DAY
        AND (open.next_start_at IS NULL OR each_once.happened_at <= open.next_start_at)
        AND coalesce(each_once.evse_id = open.evse_id, true)
        AND coalesce(each_once.id_token = open.id_token, true)
    LEFT JOIN last_known ON last_known.begin_key = open.begin_key
    WHERE coalesce(each_once.register_wh >= greatest(open.register_wh, last_known.register_wh), true)
)
SELECT
    each_once.collector_id, each_once.seq, each_once.place, each_once.station_id, each_once.event, each_once.event_at,
    each_once.happened_at, each_once.received_at, each_once.register_wh, each_once.stop_reason, each_once.seq_no,
    each_once.charging_state, each_once.id_token, each_once.external_session_id, each_once.breaks_schema,
    each_once.answer_seq, each_once.evse_id,
    fitting.begin_key,
    each_once.own_key,
    each_once.transaction_id
FROM each_once
LEFT JOIN fitting
    ON fitting.collector_id = each_once.collector_id AND fitting.seq = each_once.seq AND fitting.fits = 1
-- Of several stops for one session the first counts; the others stay without one.
QUALIFY fitting.begin_key IS NULL
    OR row_number() OVER (PARTITION BY fitting.begin_key ORDER BY each_once.place) = 1
