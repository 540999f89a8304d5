-- Stations for whose model an operator has decided what learning cannot know: all their sessions are looked at closely.
SELECT DISTINCT boots.station_id
FROM all_boots AS boots
JOIN registry.station_profiles AS profile
    ON profile.vendor = boots.vendor AND profile.model = boots.model AND profile.firmware IN (boots.firmware, '*')
WHERE profile.register_behaviour IS NOT NULL OR profile.energy_factor IS NOT NULL
   OR profile.clock_offset_seconds IS NOT NULL
