-- Where each session is cut: at every instant at which an element of its tariff may begin or cease to hold, and where
-- charging begins or ends. `energy_mark`: the energy reached there, where that is why it is cut.
WITH points AS (
    SELECT session_no, start_us AS at_us, NULL AS energy_mark FROM cut_sessions
    UNION ALL
    -- The clocks change.
    SELECT session_no, from_us, NULL FROM cut_spans WHERE from_us > start_us
    UNION ALL
    -- A time of day, in each span's own local days.
    SELECT session_no, day * 86400000000 + value - offset_us, NULL
    FROM (
        SELECT
            cut_spans.*,
            value,
            floor_div(from_us + offset_us - value - 1, 86400000000) + 1 AS first_day,
            floor_div(to_us + offset_us - value - 1, 86400000000) AS last_day
        FROM cut_spans
        JOIN tariff_marks USING (tariff_no)
        WHERE kind = 'clock'
    ) AS days, unnest(generate_series(first_day, last_day)) AS series (day)
    WHERE first_day <= last_day
    UNION ALL
    SELECT session_no, start_us + value, NULL
    FROM cut_sessions
    JOIN tariff_marks USING (tariff_no)
    WHERE kind = 'duration'
    UNION ALL
    -- An energy, at the nearest µs.
    SELECT
        session_no,
        from_us + CAST(half_up(CAST(value - energy_before AS HUGEINT) * (to_us - from_us), cut_steps.energy) AS BIGINT),
        value
    FROM cut_steps
    JOIN cut_sessions USING (session_no)
    JOIN tariff_marks USING (tariff_no)
    WHERE kind = 'energy' AND value > energy_before AND value <= energy_before + cut_steps.energy
    UNION ALL
    SELECT session_no, from_us, NULL FROM cut_steps WHERE begins
    UNION ALL
    SELECT session_no, to_us, NULL FROM cut_steps WHERE ends
    UNION ALL
    -- Another power or current.
    SELECT session_no, unnest([from_us, to_us]), NULL
    FROM cut_steps
    JOIN cut_sessions USING (session_no)
    WHERE asks_flow
)
SELECT DISTINCT session_no, at_us, CAST(energy_mark AS BIGINT) AS energy_mark
FROM points
JOIN cut_sessions USING (session_no)
WHERE at_us < end_us OR at_us = start_us OR at_us = end_us AND energy_mark < energy
