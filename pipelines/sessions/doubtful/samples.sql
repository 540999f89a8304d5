-- What was measured during each doubtful session. What a frame of its own brings along is its own; else the id and the
-- connector tell, and of several sessions under one id the newest before it. Connector 0 sums all connectors (27).
WITH known AS (
    SELECT *, count(*) OVER (PARTITION BY station_id, known_id) > 1 AS is_contested
    FROM (SELECT *, unnest(transaction_ids) AS known_id FROM held)
),
named AS (
    -- Most ids stand for one session only.
    SELECT known.no, meter_value.*
    FROM doubtful_values AS meter_value
    JOIN known ON known.station_id = meter_value.station_id AND known.known_id = meter_value.transaction_id
    WHERE NOT is_contested
      AND measurand IN ('Energy.Active.Import.Register', 'Energy.Active.Import.Interval', 'Power.Active.Import')
      AND meter_value.received_at >= $since
),
contested AS (
    SELECT known.no, meter_value.*
    FROM doubtful_values AS meter_value
    JOIN known ON known.station_id = meter_value.station_id AND known.known_id = meter_value.transaction_id
    LEFT JOIN own_events AS own ON own.collector_id = meter_value.collector_id AND own.seq = meter_value.seq
    WHERE is_contested
      AND measurand IN ('Energy.Active.Import.Register', 'Energy.Active.Import.Interval', 'Power.Active.Import')
      AND meter_value.received_at >= $since
    QUALIFY row_number() OVER (
        PARTITION BY meter_value.collector_id, meter_value.seq, meter_value.sample_no
        ORDER BY
            own.no IS DISTINCT FROM known.no,
            coalesce(meter_value.evse_id <> known.evse_id, false),
            known.happened_at > measured_at + INTERVAL 5 MINUTE,
            CASE WHEN known.happened_at <= measured_at + INTERVAL 5 MINUTE THEN -epoch_us(known.happened_at)
                 ELSE epoch_us(known.happened_at) END,
            known.own_id
    ) = 1
),
unnamed AS (
    -- What a stop without a known id brings along.
    SELECT own_events.no, meter_value.*
    FROM unnamed_values AS meter_value
    JOIN own_events USING (collector_id, seq)
    WHERE own_events.without_id
      AND measurand IN ('Energy.Active.Import.Register', 'Energy.Active.Import.Interval', 'Power.Active.Import')
      AND meter_value.received_at >= $since
),
own AS (
    SELECT * FROM named
    UNION ALL BY NAME
    SELECT * FROM contested
    UNION ALL BY NAME
    SELECT * FROM unnamed
),
loose AS (
    -- Without an id (22, 40): to whoever charged on that connector then, if nothing of its own tells.
    SELECT held.no, meter_value.*
    FROM unnamed_values AS meter_value
    JOIN held
        ON held.station_id = meter_value.station_id
        AND held.evse_id = meter_value.evse_id
        AND meter_value.measured_at >= held.happened_at
        AND meter_value.measured_at < coalesce(held.next_start_at, 'infinity')
    LEFT JOIN (SELECT no, min(happened_at) AS stopped_at FROM own_events WHERE event = 'ended' GROUP BY no) AS stop
        ON stop.no = held.no
    ANTI JOIN (
        SELECT DISTINCT no FROM own
        ANTI JOIN (SELECT collector_id, seq FROM own_events WHERE event = 'ended') AS at_stop USING (collector_id, seq)
        WHERE measurand <> 'Power.Active.Import' AND context NOT IN ('Transaction.Begin', 'Transaction.End')
    ) AS told ON told.no = held.no
    WHERE meter_value.transaction_id IS NULL
      AND measurand IN ('Energy.Active.Import.Register', 'Energy.Active.Import.Interval', 'Power.Active.Import')
      AND meter_value.measured_at <= coalesce(stop.stopped_at, 'infinity')
      AND meter_value.received_at >= $since
),
-- Readings under the id of a session that the next start has closed are the next one's from then on (9).
inherited AS (
    SELECT follower.no, own.* EXCLUDE (no), held.no AS from_no
    FROM own
    JOIN held USING (no)
    ANTI JOIN (SELECT no FROM own_events WHERE event = 'ended') AS stopped USING (no)
    JOIN held AS follower
        ON follower.station_id = held.station_id
        AND follower.evse_id = held.evse_id
        AND follower.happened_at = held.next_start_at
    WHERE own.measured_at >= held.next_start_at AND held.ocpp_version = '1.6'
)
SELECT * FROM own
ANTI JOIN (SELECT from_no AS no, collector_id, seq, sample_no FROM inherited) AS given
    USING (no, collector_id, seq, sample_no)
WHERE evse_id IS DISTINCT FROM 0
UNION ALL BY NAME
SELECT * EXCLUDE (from_no) FROM inherited WHERE evse_id IS DISTINCT FROM 0
UNION ALL BY NAME
SELECT * FROM loose
