-- The events of each doubtful session, and what part they play in it.
SELECT rows.session_id, start.collector_id, start.seq, rows.station_id,
       CASE WHEN repetition = 1 THEN 'start' ELSE 'repeated' END AS role
FROM own_starts AS start
JOIN doubtful_rows AS rows USING (no)
UNION ALL
SELECT rows.session_id, start.collector_id, start.answer_seq, rows.station_id, 'answer'
FROM own_starts AS start
JOIN doubtful_rows AS rows USING (no)
WHERE start.answer_seq IS NOT NULL
UNION ALL
SELECT
    rows.session_id, event.collector_id, event.seq, rows.station_id,
    CASE
        WHEN event.event = 'label' THEN 'label'
        WHEN event.event <> 'ended' THEN 'update'
        WHEN stops.choice = 1 THEN 'stop'
        WHEN stops.choice > 1 THEN 'conflicting'
        ELSE 'repeated'
    END
FROM own_events AS event
JOIN doubtful_rows AS rows USING (no)
LEFT JOIN stops ON stops.no = event.no AND stops.collector_id = event.collector_id AND stops.seq = event.seq
