-- The sessions of those models with the model and firmware that their station had at the start: by its newest boot
-- before. Sessions before a station's first boot teach nothing of any.
WITH stations AS (
    SELECT DISTINCT station_id FROM all_boots SEMI JOIN touched_profiles USING (vendor, model, firmware)
),
boots AS (
    SELECT station_id, received_at AS booted_at, vendor, model, firmware
    FROM all_boots
    SEMI JOIN stations USING (station_id)
    -- One frame may have landed twice, from two collectors.
    QUALIFY row_number() OVER (PARTITION BY station_id, received_at ORDER BY collector_id DESC, seq DESC) = 1
),
sessions AS (
    SELECT
        session_id, station_id, evse_id, connector_id, started_at, ended_at, begin_register_wh, end_register_wh,
        clock_offset_seconds, readings, flags, last_received_at
    FROM all_sessions
    SEMI JOIN stations USING (station_id)
    WHERE energy_source IS DISTINCT FROM 'import'
)
SELECT sessions.*, boots.booted_at, boots.vendor, boots.model, boots.firmware
FROM sessions
ASOF JOIN boots ON boots.station_id = sessions.station_id AND boots.booted_at <= sessions.started_at
SEMI JOIN touched_profiles
    ON touched_profiles.vendor = boots.vendor
    AND touched_profiles.model = boots.model
    AND touched_profiles.firmware = boots.firmware
