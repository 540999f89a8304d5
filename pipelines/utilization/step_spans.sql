-- Energy steps within the spans, on the connector of their session.
SELECT
    session_id, session_spans.station_id, session_spans.site_id, session_spans.time_zone,
    session_spans.evse_id, session_spans.connector_id,
    steps.from_at, steps.to_at, steps.energy_wh
FROM all_energy_steps AS steps
JOIN session_spans USING (session_id)
JOIN spans ON spans.station_id = session_spans.station_id
WHERE steps.from_at < spans.end_hour AND steps.to_at >= spans.first_hour
