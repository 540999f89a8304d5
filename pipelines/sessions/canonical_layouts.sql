-- Of the first new sets: the layouts all of whose values stand as they were told.
SELECT list(layout_id)
FROM (
    SELECT layout_of(one.sampledValue) AS layout_id
    FROM (SELECT unnest(sets) AS one FROM told_sets LIMIT 5000)
    GROUP BY layout_id
    HAVING bool_and(list_bool_and(list_transform(one.sampledValue, lambda s: is_canonical(
        coalesce(s.unitOfMeasure.unit, s.unit), s.unitOfMeasure.multiplier))))
)
