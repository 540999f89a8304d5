-- One row a set of samples. What the samples are is the same in thousands of sets, so it is kept once, under `layout_id`.
-- It also tells whether their values stand as they were told: most do, and are not looked at one by one.
WITH counted AS (
    -- Where a frame holds several sets, the number of each as often as it has samples, and once more: where another number
    -- begins, a set does. Adding up what stands before each set would take the square of their number, and a frame of 100 kB
    -- can hold 20,000.
    SELECT
        *,
        CASE WHEN len(sets) > 1 THEN flatten(list_transform(sets, lambda one, no:
            list_resize([no], coalesce(len(one.sampledValue), 0) + 1, no))) END AS marks
    FROM told_sets
),
begun AS (
    SELECT
        * EXCLUDE (marks),
        CASE WHEN marks IS NOT NULL
             THEN list_filter(generate_series(1, len(marks)), lambda place: marks[place] IS DISTINCT FROM marks[place - 1])
        END AS begins
    FROM counted
),
frames AS (
    SELECT
        * EXCLUDE (sets, begins), generate_subscripts(sets, 1) AS set_no, unnest(sets) AS one, unnest(begins) AS begins_at
    FROM begun
),
told AS (
    SELECT
        * REPLACE (clean_text(told_transaction) AS told_transaction),
        told_time(one.timestamp) AS told_at,
        layout_of(one.sampledValue) AS layout_id
    FROM frames
)
SELECT
    collector_id, seq,
    CAST(set_no AS INTEGER) AS set_no,
    CAST(coalesce(begins_at - set_no, 0) AS INTEGER) AS first_sample_no,
    station_id,
    try_cast(told_evse AS INTEGER) AS evse_id,
    try_cast(told_connector AS INTEGER) AS connector_id,
    -- 0 and -1 stand for "no transaction" in 1.6.
    CASE WHEN NOT (is_v16 AND told_transaction IN ('0', '-1')) THEN told_transaction END AS transaction_id,
    -- A clock that was never set (before 2010), or one a day ahead, tells no time: the receipt does.
    CASE WHEN epoch_us(told_at) BETWEEN 1262304000000000 AND epoch_us(received_at) + 86400000000 THEN told_at
         ELSE received_at END AS measured_at,
    received_at, breaks_schema, layout_id,
    CASE
        WHEN layout_id IN getvariable('canonical_layouts')
            THEN list_transform(one.sampledValue, lambda s: canonical_value(s.value))
        ELSE list_transform(one.sampledValue, lambda s: in_canonical_unit(
            s.value, coalesce(s.unitOfMeasure.unit, s.unit), s.unitOfMeasure.multiplier))
    END AS samples,
    CASE WHEN NOT epoch_us(told_at) BETWEEN 1262304000000000 AND epoch_us(received_at) + 86400000000
         THEN told_at END AS told_at
FROM told
