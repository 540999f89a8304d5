-- Stations of which a connection was opened while another one was open: two stations with one identity, or one that
-- came back before its old socket had closed. The newest counts; all are recorded.
WITH connections AS (
    SELECT
        station_id, collector_id, connection_id,
        min(happened_at) FILTER (event = 'opened') AS opened_at,
        min(seq) FILTER (event = 'opened') AS opened_seq,
        max(happened_at) FILTER (event = 'closed') AS closed_at
    FROM all_connections
    SEMI JOIN conflict_stations USING (station_id)
    GROUP BY ALL
),
overlapping AS (
    SELECT
        newer.station_id,
        unnest([(older.collector_id, older.opened_seq), (newer.collector_id, newer.opened_seq)]) AS opened,
        newer.opened_at
    FROM connections AS newer
    JOIN connections AS older
        ON older.station_id = newer.station_id
        AND (older.opened_at, older.collector_id, older.opened_seq)
            < (newer.opened_at, newer.collector_id, newer.opened_seq)
        -- A connection whose end nobody saw ended at the latest when the next one came.
        AND older.closed_at > newer.opened_at
)
SELECT
    md5(concat_ws('|', 'identity_conflict', station_id)) AS fault_id,
    'identity_conflict' AS kind,
    station_id,
    NULL::VARCHAR AS session_id,
    CAST(to_json({
        'frames': list_sort(list(DISTINCT json_array(opened[1], opened[2])))[:10],
        'connections': count(DISTINCT opened)
    }) AS VARCHAR) AS evidence,
    min(opened_at) AS first_seen_at,
    max(opened_at) AS last_seen_at
FROM overlapping
GROUP BY station_id
