-- A fault for each flag of a session that is more than a check, with the frames that prove it; and stops that belong to
-- no session.
WITH proven AS (
    SELECT rows.session_id, findings.kind, frames
    FROM findings
    JOIN doubtful_rows AS rows USING (no)
),
framed AS (
    -- What only the whole session shows is proven by what begins and ends it.
    SELECT session_id, list(json_array(collector_id, seq) ORDER BY collector_id, seq)[:10] AS frames
    FROM session_event_rows
    GROUP BY session_id
),
flagged AS (
    SELECT *, unnest(flags) AS kind FROM session_rows WHERE list_has_any(flags, $kinds)
)
SELECT
    md5(concat_ws('|', kind, station_id, session_id)) AS fault_id,
    kind,
    station_id,
    session_id,
    CAST(to_json({
        'frames': coalesce(proven.frames, framed.frames, []),
        'transaction_id': transaction_id, 'begin_register_wh': begin_register_wh, 'end_register_wh': end_register_wh,
        'energy_wh': energy_wh, 'max_power_w': max_power_w, 'started_at': started_at, 'ended_at': ended_at,
        'clock_offset_seconds': clock_offset_seconds
    }) AS VARCHAR) AS evidence,
    started_at AS first_seen_at,
    last_received_at AS last_seen_at
FROM flagged
LEFT JOIN proven USING (session_id, kind)
LEFT JOIN framed USING (session_id)
WHERE list_contains($kinds, kind)
UNION ALL
SELECT
    md5(concat_ws('|', 'orphan_stop', station_id, collector_id, seq)),
    'orphan_stop',
    station_id,
    NULL,
    CAST(to_json({
        'frames': [json_array(collector_id, seq)],
        'end_register_wh': register_wh, 'ended_at': happened_at, 'stop_reason': stop_reason
    }) AS VARCHAR),
    happened_at,
    received_at
FROM lone_stops
WHERE begin_key IS NULL AND own_key IS NULL
