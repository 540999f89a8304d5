-- Stations of which the registry says something else than before: themselves, their connectors, their model's profile.
SELECT row_key ->> 0 AS station_id
FROM changed_registry_history
WHERE table_name IN ('stations', 'connectors')
UNION
SELECT boots.station_id
FROM all_boots AS boots
JOIN changed_registry_history AS profile
    ON profile.table_name = 'station_profiles'
    AND (profile.row_key ->> 0) = boots.vendor
    AND (profile.row_key ->> 1) = boots.model
    AND (profile.row_key ->> 2) IN (boots.firmware, '*')
UNION
-- A station that is found to be of a model about which something was decided.
SELECT boots.station_id
FROM changed_boots AS boots
JOIN registry.station_profiles AS profile
    ON profile.vendor = boots.vendor AND profile.model = boots.model AND profile.firmware IN (boots.firmware, '*')
