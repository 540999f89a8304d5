-- Stations whose meters' keys were declared, changed or withdrawn.
SELECT DISTINCT CAST(row_key AS JSON) ->> 0 AS station_id
FROM new_registry_history
WHERE table_name = 'meter_keys'
