-- Ended, billable sessions with who pays and which tariff version holds; `reason` says why one cannot be priced.
-- Billable: graded ok or suspect, or released by a person.
--
-- Assignment: of the rules in force at the session's start that fit it, the most particular wins. What is agreed with a
-- customer goes before what is posted at a place: first the contract, then the token's group, then everybody; among
-- equals the connector, then the EVSE, the station, the site, everywhere. Equally particular rules that name different
-- tariffs are an error. Of the tariff's versions in force the greatest holds. A plan's member tariff is a rule for the
-- contract while it subscribes to the plan: below a rule that names the contract, above every other.
WITH billable AS (
    SELECT all_sessions.*, standing
    FROM all_sessions
    SEMI JOIN billing_touched USING (session_id)
    LEFT JOIN standing_decisions USING (session_id)
    WHERE state <> 'active' AND ended_at IS NOT NULL
        AND (grade IN ('ok', 'suspect') OR coalesce(standing = 'release', false))
),
placed AS (
    SELECT
        billable.*,
        registry_operators.country_code,
        registry_operators.party_id,
        registry_sites.site_id IS NOT NULL AS has_site,
        zones.time_zone,
        CAST(timezone(zones.time_zone, started_at) AS DATE) AS local_date
    FROM billable
    LEFT JOIN registry_sites USING (site_id)
    LEFT JOIN registry_operators USING (operator_id)
    LEFT JOIN (SELECT DISTINCT name AS time_zone FROM pg_timezone_names()) AS zones
        ON zones.time_zone = registry_sites.time_zone
),
paid AS (
    SELECT
        placed.*,
        registry_tokens.token_group,
        registry_tokens.contract_id,
        coalesce(
            started_at >= registry_tokens.valid_from AND started_at < coalesce(registry_tokens.valid_to, 'infinity'),
            true
        ) AS token_in_force,
        registry_tokens.contract_id IS NULL OR coalesce(
            started_at >= registry_contracts.valid_from
            AND started_at < coalesce(registry_contracts.valid_to, 'infinity'),
            false
        ) AS contract_in_force
    FROM placed
    LEFT JOIN registry_tokens USING (id_token)
    LEFT JOIN registry_contracts ON registry_contracts.contract_id = registry_tokens.contract_id
),
fitting AS (
    SELECT
        paid.session_id,
        rule.assignment_id,
        rule.tariff_id,
        CASE WHEN rule.contract_id IS NOT NULL THEN 64 ELSE 0 END
        + CASE WHEN rule.token_group IS NOT NULL THEN 16 ELSE 0 END
        + CASE WHEN rule.connector_id IS NOT NULL THEN 8 ELSE 0 END
        + CASE WHEN rule.evse_id IS NOT NULL THEN 4 ELSE 0 END
        + CASE WHEN rule.station_id IS NOT NULL THEN 2 ELSE 0 END
        + CASE WHEN rule.site_id IS NOT NULL THEN 1 ELSE 0 END AS particularity
    FROM paid
    JOIN registry_tariff_assignments AS rule
        ON paid.started_at >= rule.valid_from
        AND paid.started_at < coalesce(rule.valid_to, 'infinity')
        AND (rule.contract_id IS NULL OR rule.contract_id = paid.contract_id)
        AND (rule.token_group IS NULL OR rule.token_group = paid.token_group)
        AND (rule.connector_id IS NULL OR rule.connector_id = paid.connector_id)
        AND (rule.evse_id IS NULL OR rule.evse_id = paid.evse_id)
        AND (rule.station_id IS NULL OR rule.station_id = paid.station_id)
        AND (rule.site_id IS NULL OR rule.site_id = paid.site_id)
),
members AS (
    SELECT paid.session_id, 'subscription ' || subscription_id AS assignment_id, plan.tariff_id, 32 AS particularity
    FROM paid
    JOIN registry_subscriptions AS subscription
        ON subscription.contract_id = paid.contract_id
        AND paid.started_at >= subscription.valid_from
        AND paid.started_at < coalesce(subscription.valid_to, 'infinity')
    JOIN registry_plans AS plan
        ON plan.plan_id = subscription.plan_id
        AND paid.started_at >= plan.valid_from
        AND paid.started_at < coalesce(plan.valid_to, 'infinity')
    QUALIFY row_number() OVER (PARTITION BY paid.session_id, subscription_id ORDER BY plan.version DESC) = 1
),
assigned AS (
    SELECT
        session_id,
        min(tariff_id) AS tariff_id,
        count(DISTINCT tariff_id) AS tariffs,
        string_agg(assignment_id, ', ' ORDER BY assignment_id) AS rules
    FROM (
        SELECT * FROM (FROM fitting UNION ALL FROM members)
        WHERE tariff_id IS NOT NULL  -- a plan need not have a tariff
        QUALIFY rank() OVER (PARTITION BY session_id ORDER BY particularity DESC) = 1
    )
    GROUP BY session_id
),
versioned AS (
    SELECT paid.session_id, max(version) AS tariff_version
    FROM paid
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
        WHEN needs.charging_time AND charging_seconds IS NULL OR needs.parking_time AND idle_seconds IS NULL
            THEN ['no_readings', 'The tariff prices time, and there are no readings that tell charging from idle time.']
    END AS reason
FROM paid
LEFT JOIN assigned USING (session_id)
LEFT JOIN versioned USING (session_id)
LEFT JOIN tariff_verdicts USING (tariff_id, tariff_version)
LEFT JOIN needs USING (tariff_id, tariff_version)
