-- Sessions that their grade or a person keeps from being billed, and those that a person released.
WITH rates AS (
    -- What a kWh brings at a site, for sessions that have no price.
    SELECT site_id, currency, sum(rated_excl_vat) / nullif(sum(rated_wh), 0) AS amount_per_wh
    FROM mart.revenue_days
    GROUP BY site_id, currency
    QUALIFY row_number() OVER (PARTITION BY site_id ORDER BY sum(rated_sessions) DESC, currency) = 1
),
decided AS (
    SELECT * FROM registry.session_decisions
    QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY decided_at DESC) = 1
),
judged AS (
    SELECT
        sessions.*,
        coalesce(sites.name, 'Unregistered stations') AS site,
        timezone(coalesce(sites.time_zone, 'UTC'), sessions.started_at) AS local_start,
        standing_decision(decided.decision, decided.grade, decided.energy_wh, sessions.grade, sessions.energy_wh)
            AS standing,
        decided.decision,
        decided.reason,
        decided.decided_by,
        decided.decided_at,
        decided.grade AS decided_grade,
        decided.energy_wh AS decided_energy_wh
    FROM core.sessions AS sessions
    LEFT JOIN decided USING (session_id)
    LEFT JOIN registry.sites AS sites USING (site_id)
    WHERE list_contains($sites, sessions.site_id)
        AND sessions.state <> 'active'
        AND sessions.started_at BETWEEN $first::DATE::TIMESTAMPTZ - INTERVAL 1 DAY
            AND $last::DATE::TIMESTAMPTZ + INTERVAL 2 DAY
        AND (sessions.grade <> 'ok' OR decided.decision IN ('hold', 'release'))
),
placed AS (
    SELECT
        judged.*,
        CASE
            WHEN standing = 'hold' THEN 'held'
            WHEN standing = 'release' THEN 'released'
            WHEN decision = 'release' THEN 'lapsed'
            ELSE 'waiting'
        END AS status
    FROM judged
    WHERE local_start::DATE BETWEEN $first AND $last
        AND NOT (grade = 'ok' AND standing IS NULL)
)
SELECT
    local_start,
    site,
    placed.station_id,
    connector_id,
    (placed.energy_wh / 1000)::DOUBLE AS energy_kwh,
    coalesce(cdrs.total_excl_vat::DOUBLE, (placed.energy_wh * amount_per_wh)::DOUBLE) AS amount,
    cdrs.cdr_id IS NULL AND amount IS NOT NULL AS amount_estimated,
    coalesce(cdrs.currency, rates.currency) AS currency,
    placed.grade,
    flags,
    status,
    reason,
    decided_by,
    decided_at,
    decided_grade,
    (decided_energy_wh / 1000)::DOUBLE AS decided_energy_kwh,
    placed.session_id,
    count(*) OVER () AS matches,
    (sum(placed.energy_wh) OVER () / 1000)::DOUBLE AS matching_kwh,
    sum(amount) OVER (PARTITION BY coalesce(cdrs.currency, rates.currency)) AS matching_amount
FROM placed
LEFT JOIN billing.cdrs AS cdrs USING (session_id)
LEFT JOIN rates ON rates.site_id = placed.site_id
WHERE list_contains($grades, placed.grade)
    AND list_contains($statuses, status)
    AND ($flag::VARCHAR IS NULL OR list_contains(flags, $flag))
ORDER BY status = 'lapsed' DESC, amount DESC NULLS LAST, placed.energy_wh DESC NULLS LAST, local_start DESC, placed.session_id
LIMIT $limit
