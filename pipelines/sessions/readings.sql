-- One row a set of samples. What the samples are is the same in thousands of sets, so it is kept once, under `layout_id`.
WITH told AS (
    SELECT
        * EXCLUDE (reading_set),
        told_time(reading_set.timestamp) AS told_at,
        CAST(hash(list_transform(reading_set.sampledValue, lambda s: hash(
            s.measurand, s.context, s.phase, s.location, s.unit, s.unitOfMeasure.unit, s.unitOfMeasure.multiplier
        ))) // 2::UBIGINT AS BIGINT) AS layout_id,
        list_transform(reading_set.sampledValue, lambda s: in_canonical_unit(
            s.value, coalesce(s.unitOfMeasure.unit, s.unit), s.unitOfMeasure.multiplier
        )) AS samples
    FROM told_sets
)
SELECT
    collector_id, seq,
    CAST(set_no AS INTEGER) AS set_no,
    CASE WHEN set_no > 1 THEN CAST(coalesce(list_sum(lengths[:set_no - 1]), 0) AS INTEGER) ELSE 0 END AS first_sample_no,
    station_id,
    try_cast(told_evse AS INTEGER) AS evse_id,
    try_cast(told_connector AS INTEGER) AS connector_id,
    -- 0 and -1 stand for "no transaction" in 1.6.
    CASE WHEN NOT (is_v16 AND clean_text(told_transaction) IN ('0', '-1')) THEN clean_text(told_transaction) END
        AS transaction_id,
    -- A clock that was never set (before 2010), or one a day ahead, tells no time: the receipt does.
    CASE WHEN epoch_us(told_at) BETWEEN 1262304000000000 AND epoch_us(received_at) + 86400000000 THEN told_at
         ELSE received_at END AS measured_at,
    received_at, breaks_schema, layout_id, samples,
    CASE WHEN NOT epoch_us(told_at) BETWEEN 1262304000000000 AND epoch_us(received_at) + 86400000000
         THEN told_at END AS told_at
FROM told
