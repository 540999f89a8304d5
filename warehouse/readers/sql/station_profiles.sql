WITH learned AS (
    SELECT
        learned.vendor,
        learned.model,
        learned.firmware,
        learned.stations,
        learned.sessions,
        learned.register_behaviour,
        learned.clock_offset_seconds,
        learned.sampling_seconds,
        learned.unit_mismatches,
        learned.first_seen_at,
        learned.last_seen_at,
        -- What is declared for one firmware goes before what is declared for every one.
        coalesce(this_one.firmware, every_one.firmware) AS own_firmware
    FROM core.station_profiles AS learned
    LEFT JOIN registry.station_profiles AS this_one USING (vendor, model, firmware)
    LEFT JOIN registry.station_profiles AS every_one
        ON every_one.vendor = learned.vendor AND every_one.model = learned.model AND every_one.firmware = '*'
),
listed AS (
    SELECT * FROM learned
    UNION ALL BY NAME
    SELECT vendor, model, firmware, firmware AS own_firmware
    FROM registry.station_profiles AS own
    WHERE NOT EXISTS (
        FROM learned
        WHERE learned.vendor = own.vendor AND learned.model = own.model AND learned.own_firmware = own.firmware
    )
)
SELECT
    listed.* EXCLUDE (own_firmware, first_seen_at, last_seen_at),
    listed.own_firmware,
    own.register_behaviour AS own_register_behaviour,
    own.clock_offset_seconds AS own_clock_offset_seconds,
    own.energy_factor AS own_energy_factor,
    own.token_pattern AS own_token_pattern,
    listed.first_seen_at,
    listed.last_seen_at
FROM listed
LEFT JOIN registry.station_profiles AS own
    ON own.vendor = listed.vendor AND own.model = listed.model AND own.firmware = listed.own_firmware
ORDER BY listed.sessions DESC NULLS LAST, listed.vendor, listed.model, listed.firmware
