-- The steps of each session in their order, with the energy and the charging time before each, and where a run of
-- charging begins and ends. Without steps the energy lies evenly over the charging time, which then comes first.
WITH given AS (
    SELECT
        session_no,
        greatest(start_us, least(epoch_us(from_at), end_us)) AS from_us,
        greatest(start_us, least(epoch_us(to_at), end_us)) AS to_us,
        micro(energy_wh) AS energy,
        charging,
        power_w,
        current_a
    FROM session_steps
    JOIN (SELECT session_no, start_us, end_us FROM cut_sessions) USING (session_no)
    UNION ALL
    SELECT
        session_no,
        start_us,
        least(end_us, start_us + coalesce(charging_us, end_us - start_us)),
        energy,
        true,
        NULL,
        NULL
    FROM cut_sessions
    ANTI JOIN session_steps USING (session_no)
)
SELECT
    session_no,
    from_us,
    to_us,
    energy,
    charging,
    power_w,
    current_a,
    CAST(sum(energy) OVER before - energy AS BIGINT) AS energy_before,
    CAST(sum(CASE WHEN charging THEN to_us - from_us ELSE 0 END) OVER before AS BIGINT)
    - CASE WHEN charging THEN to_us - from_us ELSE 0 END AS charging_before,
    charging AND NOT coalesce(lag(charging) OVER before AND lag(to_us) OVER before >= from_us, false) AS begins,
    charging AND NOT coalesce(lead(charging) OVER before AND lead(from_us) OVER before <= to_us, false) AS ends,
    -- Of steps that begin at one instant the last one holds there: it has the others' energy before it.
    coalesce(lead(from_us) OVER before = from_us, false) AS is_overtaken
FROM given
WINDOW before AS (PARTITION BY session_no ORDER BY from_us, to_us, energy ROWS UNBOUNDED PRECEDING)
