-- A fault for each flag that lowers a session's grade.
SELECT
    md5(concat_ws('|', kind, station_id, session_id)) AS fault_id,
    kind,
    station_id,
    session_id,
    CAST(to_json({
        'transaction_id': transaction_id, 'begin_register_wh': begin_register_wh, 'end_register_wh': end_register_wh,
        'energy_wh': energy_wh, 'max_power_w': max_power_w, 'started_at': started_at, 'ended_at': ended_at
    }) AS VARCHAR) AS evidence,
    started_at AS first_seen_at,
    last_received_at AS last_seen_at
FROM (SELECT *, unnest(flags) AS kind FROM session_rows)
WHERE list_contains($kinds, kind)
