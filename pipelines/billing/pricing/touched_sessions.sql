-- Sessions to price again: changed themselves, or touched by a change of the registry. Of a changed registry row every
-- version counts, because the session may have been priced by an older one.
WITH touching AS (
    SELECT table_name, row_key, CAST(row_json AS JSON) AS entry
    FROM all_registry_history
    SEMI JOIN new_registry_history USING (table_name, row_key)
    WHERE row_json IS NOT NULL
),
prices AS (
    SELECT min(CAST(entry ->> 'valid_from' AS TIMESTAMPTZ)) AS valid_from
    FROM touching
    WHERE table_name IN ('tariffs', 'tariff_assignments', 'tax_rates')
),
meters AS (
    SELECT entry ->> 'station_id' AS station_id FROM touching WHERE table_name = 'meter_keys'
),
sites AS (
    SELECT entry ->> 'site_id' AS site_id FROM touching WHERE table_name = 'sites'
    UNION
    SELECT CAST(row_json AS JSON) ->> 'site_id'
    FROM all_registry_history
    WHERE table_name = 'sites' AND (CAST(row_json AS JSON) ->> 'operator_id') IN (
        SELECT entry ->> 'operator_id' FROM touching WHERE table_name = 'operators'
    )
),
contracts AS (
    SELECT entry ->> 'contract_id' AS contract_id FROM touching WHERE table_name IN ('contracts', 'subscriptions')
    UNION
    SELECT CAST(row_json AS JSON) ->> 'contract_id'
    FROM all_registry_history
    WHERE table_name = 'subscriptions' AND (CAST(row_json AS JSON) ->> 'plan_id') IN (
        SELECT entry ->> 'plan_id' FROM touching WHERE table_name = 'plans'
    )
),
tokens AS (
    SELECT CAST(row_key AS JSON) ->> 0 AS id_token FROM touching WHERE table_name = 'tokens'
    UNION
    SELECT CAST(row_key AS JSON) ->> 0
    FROM all_registry_history
    WHERE table_name = 'tokens' AND (CAST(row_json AS JSON) ->> 'contract_id') IN (
        SELECT contract_id FROM contracts
    )
)
SELECT session_id FROM changed_sessions
UNION
SELECT session_id FROM changed_signed_sessions
UNION
SELECT session_id FROM all_sessions SEMI JOIN meters USING (station_id)
UNION
SELECT CAST(row_key AS JSON) ->> 0 FROM touching WHERE table_name = 'session_decisions'
UNION
SELECT session_id FROM all_sessions WHERE started_at >= (SELECT valid_from FROM prices)
UNION
SELECT session_id FROM all_sessions SEMI JOIN sites USING (site_id)
UNION
SELECT session_id FROM all_sessions SEMI JOIN tokens USING (id_token)
