-- What the lake's snapshots hold of a session: one row for each at which it came, changed or went. `$text` is its id or
-- the beginning of one.
WITH told AS (
    -- As it stood when the oldest snapshot that is kept was made.
    SELECT
        $first AS snapshot_id, true AS there,
        session_id, state, grade, flags, energy_wh, energy_source, started_at, ended_at, station_id, evse_id,
        connector_id, transaction_id, id_token
    FROM lake.core.sessions AT (VERSION => $first)
    WHERE starts_with(session_id, $text) AND sees_site(site_id)
    UNION ALL
    SELECT
        snapshot_id, true,
        session_id, state, grade, flags, energy_wh, energy_source, started_at, ended_at, station_id, evse_id,
        connector_id, transaction_id, id_token
    FROM ducklake_table_insertions('lake', 'core', 'sessions', $next, $last)
    WHERE starts_with(session_id, $text) AND sees_site(site_id)
    UNION ALL
    SELECT
        snapshot_id, false,
        session_id, state, grade, flags, energy_wh, energy_source, started_at, ended_at, station_id, evse_id,
        connector_id, transaction_id, id_token
    FROM ducklake_table_deletions('lake', 'core', 'sessions', $next, $last)
    WHERE starts_with(session_id, $text) AND sees_site(site_id)
),
standing AS (
    -- A row that is replaced is deleted and inserted in one snapshot.
    SELECT * FROM told
    QUALIFY row_number() OVER (PARTITION BY session_id, snapshot_id ORDER BY there DESC) = 1
),
compared AS (
    SELECT
        *,
        hash(there, state, started_at, ended_at, energy_wh, energy_source, grade, flags, evse_id, connector_id, id_token)
            AS facts,
        lag(facts) OVER (PARTITION BY session_id ORDER BY snapshot_id) AS facts_before
    FROM standing
)
SELECT
    compared.session_id,
    compared.snapshot_id,
    snapshots.snapshot_time::TIMESTAMPTZ AS snapshot_time,
    compared.there,
    compared.state,
    compared.grade,
    compared.flags,
    compared.energy_wh,
    compared.energy_source,
    compared.started_at,
    compared.ended_at,
    compared.station_id,
    compared.evse_id,
    compared.connector_id,
    compared.transaction_id
FROM compared
JOIN __ducklake_metadata_lake.ducklake_snapshot AS snapshots USING (snapshot_id)
-- Maintenance writes rows anew that are as they were.
WHERE facts IS DISTINCT FROM facts_before
ORDER BY compared.session_id, compared.snapshot_id
