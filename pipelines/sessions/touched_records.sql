-- Imported sessions that are new, told anew, or of a station that the registry says something else of.
SELECT station_id, external_session_id FROM changed_session_records
UNION
SELECT station_id, external_session_id FROM all_session_records SEMI JOIN touched_registry USING (station_id)
