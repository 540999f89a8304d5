-- One row a set of samples. What the samples are is the same in thousands of sets, so it is kept once, under `layout_id`.
-- The samples are looked at while they stand in the frame's lists: what is unnested is short.
WITH valued AS (
    SELECT
        * REPLACE (clean_text(told_transaction) AS told_transaction),
        list_transform(sets, lambda one: one.timestamp) AS times,
        list_transform(sets, lambda one: hash(list_transform(one.sampledValue, lambda s: hash(
            s.measurand, s.context, s.phase, s.location, s.unit, s.unitOfMeasure.unit, s.unitOfMeasure.multiplier
        )))) AS layouts,
        list_transform(sets, lambda one: list_transform(one.sampledValue, lambda s: plain_value(
            s.value, coalesce(s.unitOfMeasure.unit, s.unit), s.unitOfMeasure.multiplier
        ))) AS plain_values
    FROM told_sets
),
told AS (
    SELECT
        * EXCLUDE (sets, times, layouts, plain_values),
        generate_subscripts(sets, 1) AS set_no,
        -- How many samples each set of the frame holds, where there are several.
        CASE WHEN len(sets) > 1 THEN list_transform(sets, lambda one: len(one.sampledValue)) END AS lengths,
        told_time(unnest(times)) AS told_at,
        CAST(unnest(layouts) // 2::UBIGINT AS BIGINT) AS layout_id,
        -- Wherever a frame holds anything else than plain values, all its values take the long way.
        unnest(CASE
            WHEN list_position(flatten(plain_values), NULL) IS NULL THEN plain_values
            ELSE list_transform(sets, lambda one: list_transform(one.sampledValue, lambda s: in_canonical_unit(
                s.value, coalesce(s.unitOfMeasure.unit, s.unit), s.unitOfMeasure.multiplier
            ))) END) AS samples
    FROM valued
)
SELECT
    collector_id, seq,
    CAST(set_no AS INTEGER) AS set_no,
    CASE WHEN set_no > 1 THEN CAST(coalesce(list_sum(lengths[:set_no - 1]), 0) AS INTEGER) ELSE 0 END AS first_sample_no,
    station_id,
    try_cast(told_evse AS INTEGER) AS evse_id,
    try_cast(told_connector AS INTEGER) AS connector_id,
    -- 0 and -1 stand for "no transaction" in 1.6.
    CASE WHEN NOT (is_v16 AND told_transaction IN ('0', '-1')) THEN told_transaction END AS transaction_id,
    -- A clock that was never set (before 2010), or one a day ahead, tells no time: the receipt does.
    CASE WHEN epoch_us(told_at) BETWEEN 1262304000000000 AND epoch_us(received_at) + 86400000000 THEN told_at
         ELSE received_at END AS measured_at,
    received_at, breaks_schema, layout_id, samples,
    CASE WHEN NOT epoch_us(told_at) BETWEEN 1262304000000000 AND epoch_us(received_at) + 86400000000
         THEN told_at END AS told_at
FROM told
