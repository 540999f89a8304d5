-- The newest version of each registry row that has not been removed.
SELECT table_name, CAST(row_key AS JSON) AS row_key, CAST(row_json AS JSON) AS entry, changed_at
FROM (
    SELECT table_name, row_key, change, row_json, changed_at
    FROM all_registry_history
    QUALIFY row_number() OVER (PARTITION BY table_name, row_key ORDER BY changed_at DESC) = 1
)
WHERE change = 'set'
