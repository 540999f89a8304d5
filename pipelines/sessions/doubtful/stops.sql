-- The stops of each doubtful session, each register once (3), and which one counts: the first whose register follows
-- from the readings and could flow in the time (6); `choice` 1.
WITH metered AS (
    SELECT samples.*, dated.true_at
    FROM samples
    JOIN dated USING (no, collector_id, seq, sample_no)
    WHERE measurand = 'Energy.Active.Import.Register' AND phase IS NULL AND location = 'Outlet' AND value >= 0
),
brought AS (
    -- OCPP 2.x has no meterStop: the reading that the stop brings along.
    SELECT no, collector_id, seq, arg_max(value, (context = 'Transaction.End', measured_at, value)) AS register_wh
    FROM metered
    WHERE context <> 'Transaction.Begin'
    GROUP BY ALL
),
told_stops AS (
    SELECT own_events.* REPLACE (
        CASE WHEN held.ocpp_version = '1.6' THEN own_events.register_wh ELSE brought.register_wh END AS register_wh
    )
    FROM own_events
    JOIN held USING (no)
    LEFT JOIN brought ON brought.no = own_events.no AND brought.collector_id = own_events.collector_id
        AND brought.seq = own_events.seq
    WHERE own_events.event = 'ended'
),
distinct_stops AS (
    SELECT
        stop.no, stop.collector_id, stop.seq, stop.place, stop.received_at, dated.true_at,
        stop.stop_reason, stop.without_id, stop.id_token,
        in_wh(stop.register_wh, profiles.energy_factor) AS register_wh
    FROM told_stops AS stop
    JOIN dated USING (no, collector_id, seq)
    LEFT JOIN profiles USING (no)
    WHERE dated.kind = 'ended'
    QUALIFY row_number() OVER (PARTITION BY stop.no, stop.register_wh ORDER BY stop.place) = 1
),
against AS (
    SELECT
        stop.no, stop.collector_id, stop.seq,
        max(in_wh(value, energy_factor))
            AS last_wh,
        max(metered.true_at) AS last_at
    FROM distinct_stops AS stop
    JOIN metered ON metered.no = stop.no AND metered.true_at <= stop.true_at
        AND metered.context NOT IN ('Transaction.Begin', 'Transaction.End')
    ANTI JOIN told_stops AS frames
        ON frames.no = metered.no AND frames.collector_id = metered.collector_id AND frames.seq = metered.seq
    LEFT JOIN profiles ON profiles.no = stop.no
    GROUP BY ALL
),
judged AS (
    SELECT
        stop.*,
        coalesce(stop.register_wh >= last_wh - 1, true)
        AND coalesce(CAST(stop.register_wh - last_wh AS DOUBLE)
            <= 1.1 * coalesce(ratings.rated_power_w, 1000000) * date_sub('millisecond', last_at, stop.true_at) / 3600000 + 100,
            true) AS fits
    FROM distinct_stops AS stop
    LEFT JOIN against USING (no, collector_id, seq)
    LEFT JOIN ratings USING (no)
)
SELECT
    *,
    row_number() OVER (PARTITION BY no ORDER BY NOT fits, place) AS choice,
    count(register_wh) OVER (PARTITION BY no) > 1 AS is_conflicting,
    min(received_at) OVER (PARTITION BY no) AS first_received_at
FROM judged
