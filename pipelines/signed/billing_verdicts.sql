-- What signed readings mean for the bill of a session; sessions that they say nothing about have no row.
--
-- Read: all_sessions, all_signed_sessions, registry_meter_keys, $signed_policy (ignore, prefer, require_where_signed).
-- `signed_energy_wh`: bill by this energy, before any other evidence; NULL: by what the session rests on otherwise.
-- `bills`: false where the policy forbids a bill. `bills_time`: false where no price by time may be billed, because the
-- meter that is billed by does not vouch for its clock. `reason` says why not, or why it is not the signed energy.
WITH signing AS (
    -- Sessions on EVSEs whose meter signs: whoever leaves the signed values out must not come off better.
    SELECT DISTINCT sessions.session_id
    FROM all_sessions AS sessions
    JOIN registry_meter_keys AS key
        ON key.station_id = sessions.station_id
        AND key.evse_id = sessions.evse_id
        AND sessions.started_at >= key.valid_from
        AND sessions.started_at < coalesce(key.valid_to, 'infinity')
),
told AS (
    SELECT
        session_id,
        signed.verdict AS signed_verdict,
        signed.energy_wh,
        coalesce(signed.billable, false) AS billable,
        coalesce(signed.time_billable, false) AS time_billable,
        coalesce(signed.reason, 'the meter signs, but no signed value came') AS reason
    FROM all_signed_sessions AS signed
    FULL JOIN signing USING (session_id)
)
SELECT
    session_id,
    signed_verdict,
    CASE WHEN billable AND $signed_policy <> 'ignore' THEN energy_wh END AS signed_energy_wh,
    billable OR $signed_policy <> 'require_where_signed' AS bills,
    CASE $signed_policy
        WHEN 'ignore' THEN true
        WHEN 'prefer' THEN time_billable OR NOT billable
        ELSE time_billable
    END AS bills_time,
    CASE WHEN NOT time_billable THEN reason END AS reason
FROM told
