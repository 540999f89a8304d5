-- Ended, billable sessions with who pays and which tariff version holds; `reason` says why one cannot be priced.
--
-- Assignment: of the rules that fit the most particular wins (see `fitting_rules`). Equally particular rules that name
-- different tariffs are an error. Of the tariff's versions in force the greatest holds.
WITH assigned AS (
    SELECT
        session_id,
        min(tariff_id) AS tariff_id,
        count(DISTINCT tariff_id) AS tariffs,
        string_agg(assignment_id, ', ' ORDER BY assignment_id) AS rules
    FROM (
        SELECT * FROM fitting_rules
        QUALIFY rank() OVER (PARTITION BY session_id ORDER BY particularity DESC) = 1
    )
    GROUP BY session_id
),
versioned AS (
    SELECT paid.session_id, max(version) AS tariff_version
    FROM paid_sessions AS paid
    JOIN assigned USING (session_id)
    JOIN registry_tariffs AS tariff
        ON tariff.tariff_id = assigned.tariff_id
        AND paid.started_at >= tariff.valid_from
        AND paid.started_at < coalesce(tariff.valid_to, 'infinity')
    GROUP BY paid.session_id
),
needs AS (
    SELECT
        tariff_id,
        tariff_version,
        bool_or(dimension = 'TIME') AS charging_time,
        bool_or(dimension = 'PARKING_TIME') AS parking_time
    FROM tariff_components
    JOIN tariff_terms USING (tariff_no)
    GROUP BY ALL
)
SELECT
    paid.* EXCLUDE (token_in_force, contract_in_force, has_site, standing),
    CASE WHEN standing = 'release' THEN standing END AS decision,
    assigned.tariff_id,
    versioned.tariff_version,
    tariff_verdicts.currency,
    CASE
        WHEN standing = 'hold' THEN ['held', 'Held back by a person; see `kwhouse session decisions`.']
        WHEN NOT has_site THEN ['unregistered', 'The station belongs to no registered site.']
        WHEN party_id IS NULL THEN ['no_operator', 'The operator of site ' || site_id || ' is not registered.']
        WHEN time_zone IS NULL THEN ['no_time_zone', 'The time zone of site ' || site_id || ' is not a known one.']
        WHEN signature_bills IS FALSE
            THEN ['signature', 'Signed meter values are required and do not hold: ' || signature_reason || '.']
        WHEN energy_wh IS NULL THEN ['no_energy', 'There is no evidence of the energy.']
        WHEN ended_at < started_at THEN ['contradiction', 'It ends before it starts.']
        WHEN energy_wh < 0 OR charging_seconds < 0 OR idle_seconds < 0
            THEN ['contradiction', 'A negative reading: energy, charging time or idle time.']
        WHEN greatest(energy_wh, charging_seconds, idle_seconds) > $greatest_volume
            THEN ['contradiction', 'Energy or time is beyond anything that a session can reach.']
        WHEN NOT token_in_force THEN ['token', 'The token was not valid when the session started.']
        WHEN NOT contract_in_force
            THEN ['contract', 'Contract ' || paid.contract_id || ' was not in force when the session started.']
        WHEN assigned.session_id IS NULL THEN ['no_tariff', 'No tariff is assigned to this place and time.']
        WHEN tariffs > 1 THEN ['ambiguous', 'Equally particular rules name different tariffs: ' || rules || '.']
        WHEN tariff_version IS NULL
            THEN ['no_version', 'Tariff ' || assigned.tariff_id || ' has no version in force when the session started.']
        WHEN refusal IS NOT NULL
            THEN ['tariff', 'Tariff ' || assigned.tariff_id || ' version ' || tariff_version || ': ' || refusal || '.']
        WHEN signature_bills_time IS FALSE AND (needs.charging_time OR needs.parking_time)
            THEN ['signature', 'The tariff prices time, and the meter does not vouch for it: ' || signature_reason || '.']
        WHEN needs.charging_time AND charging_seconds IS NULL OR needs.parking_time AND idle_seconds IS NULL
            THEN ['no_readings', 'The tariff prices time, and there are no readings that tell charging from idle time.']
    END AS reason
FROM paid_sessions AS paid
LEFT JOIN assigned USING (session_id)
LEFT JOIN versioned USING (session_id)
LEFT JOIN tariff_verdicts USING (tariff_id, tariff_version)
LEFT JOIN needs USING (tariff_id, tariff_version)
