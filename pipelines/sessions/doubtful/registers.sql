-- The register of each doubtful session at each time: the total, else the sum of its phases (31, 40); one place of
-- measuring; one value a time (29, 36). Begin and end readings by their context: some stations repeat the begin reading
-- in every set, with the set's time.
WITH registers AS (
    SELECT
        samples.no, dated.true_at, samples.collector_id, samples.seq, context, location,
        CASE WHEN phase IS NOT NULL THEN left(phase, 2) END AS phase,
        in_wh(value, profiles.energy_factor) AS value
    FROM samples
    JOIN dated USING (no, collector_id, seq, sample_no)
    LEFT JOIN profiles USING (no)
    -- What a stop that does not count brings along does not count either.
    ANTI JOIN (
        SELECT no, collector_id, seq FROM own_events
        ANTI JOIN (SELECT * FROM stops WHERE choice = 1) AS chosen USING (no, collector_id, seq)
        WHERE event = 'ended'
    ) AS dismissed
        ON dismissed.no = samples.no AND dismissed.collector_id = samples.collector_id AND dismissed.seq = samples.seq
    WHERE measurand = 'Energy.Active.Import.Register' AND value >= 0
),
places AS (
    SELECT no, arg_min(location, (location <> 'Outlet', location)) AS location
    FROM registers
    GROUP BY no
),
phased AS (
    SELECT registers.*, bool_or(phase IS NULL) OVER (PARTITION BY no, true_at, context) AS has_total
    FROM registers
    JOIN places USING (no, location)
    QUALIFY phase IS NULL OR NOT has_total
),
phases AS (
    SELECT no, count(DISTINCT phase) AS phases FROM phased GROUP BY no
),
summed AS (
    SELECT
        no, true_at, context,
        -- The same reading told twice counts once.
        CASE WHEN any_value(has_total) THEN max(value) ELSE CAST(sum(value_once) AS DECIMAL(18, 6)) END AS value,
        arg_min({'collector_id': collector_id, 'seq': seq}, (collector_id, seq)) AS frame,
        count(DISTINCT phase) AS phases
    FROM (
        SELECT
            *,
            CASE WHEN row_number() OVER (
                PARTITION BY no, true_at, context, phase ORDER BY value DESC, collector_id, seq
            ) = 1 THEN value END AS value_once
        FROM phased
    )
    GROUP BY no, true_at, context
)
SELECT
    summed.no,
    true_at,
    CASE context WHEN 'Transaction.Begin' THEN 'begin' WHEN 'Transaction.End' THEN 'end' ELSE 'reading' END AS kind,
    max(value) AS register_wh,
    arg_max(frame, value) AS frame
FROM summed
JOIN phases USING (no)
-- Some of the phases are not the whole.
WHERE summed.phases = 0 OR summed.phases = phases.phases
GROUP BY ALL
