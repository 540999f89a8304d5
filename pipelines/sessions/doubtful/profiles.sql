-- What an operator has decided about the model that a doubtful session's station was when it began: the boot before it,
-- else its first one.
WITH boots AS (
    SELECT
        held.no,
        arg_max({'vendor': vendor, 'model': model, 'firmware': firmware},
                (boot.received_at <= held.received_at,
                 CASE WHEN boot.received_at <= held.received_at THEN epoch_us(boot.received_at)
                      ELSE -epoch_us(boot.received_at) END)) AS known
    FROM held
    JOIN all_boots AS boot USING (station_id)
    GROUP BY held.no
)
SELECT
    boots.no,
    coalesce(own.register_behaviour, every.register_behaviour) AS register_behaviour,
    coalesce(own.energy_factor, every.energy_factor) AS energy_factor,
    coalesce(own.clock_offset_seconds, every.clock_offset_seconds) AS clock_offset_seconds
FROM boots
LEFT JOIN registry.station_profiles AS own
    ON own.vendor = known.vendor AND own.model = known.model AND own.firmware = known.firmware
LEFT JOIN registry.station_profiles AS every
    ON every.vendor = known.vendor AND every.model = known.model AND every.firmware = '*'
