-- The assignments that fit the session, the most particular first, and what each of them names.
SELECT
    assignment_id,
    fitting_rules.tariff_id,
    particularity,
    -- A plan's member tariff is a rule for the contract that subscribes to it.
    CASE WHEN starts_with(assignment_id, 'subscription ') THEN paid.contract_id
        ELSE registry_tariff_assignments.contract_id END AS contract_id,
    registry_tariff_assignments.token_group,
    registry_tariff_assignments.connector_id,
    registry_tariff_assignments.evse_id,
    registry_tariff_assignments.station_id,
    registry_tariff_assignments.site_id
FROM fitting_rules
JOIN paid_sessions AS paid USING (session_id)
LEFT JOIN registry_tariff_assignments USING (assignment_id)
WHERE session_id = $session_id
ORDER BY particularity DESC, assignment_id
