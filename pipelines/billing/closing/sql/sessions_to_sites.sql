-- Sessions of the month beside those of the operator's sites. A session of a station that no registered site has is
-- nobody's, and has no zone: it is named in every operator's close, in its month by UTC, with its station.
WITH siteless AS (
    SELECT
        station_id,
        coalesce(energy_wh, 0) AS energy_wh,
        CASE
            WHEN energy_wh > 0 AND grade <> 'unbillable' THEN 'no_site'
            ELSE 'no_site_nothing_to_bill'
        END AS reason
    FROM core.sessions
    ANTI JOIN registry.sites USING (site_id)
    WHERE started_at >= CAST($month AS TIMESTAMPTZ) AND started_at < CAST($next_month AS TIMESTAMPTZ)
),
joined AS (
    SELECT CAST(NULL AS VARCHAR) AS reason, session_id AS id, energy_wh AS left_wh, energy_wh AS right_wh
    FROM month_sessions
    UNION ALL
    SELECT reason, station_id, energy_wh, 0 FROM siteless
)
SELECT
    CAST(NULL AS VARCHAR) AS site_id,
    'Wh' AS unit,
    reason,
    true AS explained,
    sum(left_wh) AS left_sum,
    sum(right_wh) AS right_sum,
    count(*) AS entries,
    list_sort(min(DISTINCT id, 20)) AS ids
FROM joined
GROUP BY reason
