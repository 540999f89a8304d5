-- Models and firmwares of the stations of which a session or a boot came or changed: all that those stations ever had,
-- because a boot that lands late moves sessions from one firmware to another.
SELECT DISTINCT vendor, model, firmware
FROM all_boots
SEMI JOIN (
    SELECT station_id FROM changed_sessions
    UNION
    SELECT station_id FROM changed_boots
) USING (station_id)
