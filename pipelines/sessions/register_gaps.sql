-- Energy between a stop and the next start on one connector: its lifetime register rose by more than what rounding to
-- whole Wh makes (1 Wh at either side). Where it falls, the register begins anew with each session, and tells nothing.
WITH pairs AS (
    SELECT
        session_id AS session_before,
        lead(session_id) OVER connector AS session_after,
        station_id, site_id, evse_id,
        ended_at AS from_at,
        lead(started_at) OVER connector AS to_at,
        end_register_wh,
        lead(begin_register_wh) OVER connector AS begin_register_wh,
        state = 'completed' AND energy_source = 'registers' AS ends_by_register,
        lead(energy_source) OVER connector = 'registers' AS begins_by_register
    FROM all_sessions
    SEMI JOIN gap_connectors USING (station_id, evse_id)
    WINDOW connector AS (PARTITION BY station_id, evse_id ORDER BY started_at, session_id)
)
SELECT * EXCLUDE (ends_by_register, begins_by_register), CAST(begin_register_wh - end_register_wh AS DECIMAL(18, 6)) AS energy_wh
FROM pairs
-- A session between whose registers are not known may have taken it.
WHERE ends_by_register AND begins_by_register
  AND begin_register_wh > end_register_wh + 2
  AND to_at >= from_at
  -- Nothing delivers more than a megawatt: another scale is no gap.
  AND CAST(begin_register_wh - end_register_wh AS DOUBLE)
      <= 1100000.0 * date_sub('millisecond', from_at, to_at) / 3600000 + 100
