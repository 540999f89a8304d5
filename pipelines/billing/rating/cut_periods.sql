-- The pieces of the cut sessions. Energy, charging and parking time are differences of what was reached at two points, so
-- that they add up to the session's exactly. Time is taken off the session's charging and idle time where a step says that
-- it charged and where none does; what then is left falls to the last piece of its kind.
WITH ends AS (
    SELECT
        session_no,
        max(to_us) AS energy_until,
        max(to_us) FILTER (charging) AS charged_until,
        max(from_us) FILTER (begins) AS last_begin,
        CAST(sum(to_us - from_us) FILTER (charging) AS BIGINT) AS covered
    FROM cut_steps
    GROUP BY session_no
),
-- The step under way at each point, or the last one before it.
reached AS (
    SELECT
        points.session_no,
        points.at_us,
        points.energy_mark,
        steps.energy,
        steps.energy_before,
        steps.charging_before,
        steps.to_us - steps.from_us AS length_us,
        least(points.at_us, steps.to_us) - steps.from_us AS passed_us,
        steps.charging,
        CASE WHEN points.at_us < steps.to_us THEN steps.power_w END AS power_w,
        CASE WHEN points.at_us < steps.to_us THEN steps.current_a END AS current_a
    FROM cut_points AS points
    ASOF LEFT JOIN (SELECT * FROM cut_steps WHERE NOT is_overtaken) AS steps
        ON points.session_no = steps.session_no AND points.at_us >= steps.from_us
),
sums AS (
    SELECT
        reached.session_no,
        at_us,
        start_us,
        end_us,
        time_zone,
        power_w,
        current_a,
        cut_sessions.energy AS total,
        coalesce(charging_us, 0) AS charging_us,
        coalesce(parking_us, 0) AS parking_us,
        CASE
            WHEN energy_mark IS NOT NULL THEN least(energy_mark, total)
            WHEN at_us = start_us OR energy_before IS NULL THEN 0
            WHEN at_us >= energy_until THEN total
            WHEN length_us = 0 THEN least(energy_before + reached.energy, total)
            ELSE least(
                energy_before + CAST(half_up(CAST(reached.energy AS HUGEINT) * passed_us, length_us) AS BIGINT), total
            )
        END AS energy_sum,
        coalesce(charging_before + CASE WHEN charging THEN passed_us ELSE 0 END, 0) AS covered_sum,
        CASE
            WHEN at_us = start_us THEN 0
            WHEN at_us >= charged_until THEN reached_charging
            ELSE least(covered_sum, reached_charging)
        END AS charging_sum,
        CASE
            WHEN at_us = start_us THEN 0
            WHEN coalesce(covered, 0) < end_us - start_us AND charged_until >= end_us AND at_us >= last_begin
                THEN reached_parking
            ELSE least(at_us - start_us - covered_sum, reached_parking)
        END AS parking_sum
    FROM reached
    JOIN (
        SELECT *, coalesce(charging_us, 0) AS reached_charging, coalesce(parking_us, 0) AS reached_parking
        FROM cut_sessions
    ) AS cut_sessions USING (session_no)
    JOIN ends USING (session_no)
),
pieces AS (
    SELECT
        *,
        lead(at_us, 1, end_us) OVER pieces AS next_at_us,
        lead(energy_sum, 1, total) OVER pieces AS next_energy,
        lead(charging_sum, 1, charging_us) OVER pieces AS next_charging,
        lead(parking_sum, 1, parking_us) OVER pieces AS next_parking,
        row_number() OVER pieces AS piece_no
    FROM sums
    WINDOW pieces AS (PARTITION BY session_no ORDER BY at_us, energy_sum)
)
SELECT
    session_no,
    CAST(piece_no AS INTEGER) AS period_no,
    make_timestamptz(at_us) AS started_at,
    make_timestamp(at_us + offset_us) AS local_started_at,
    of_micro(at_us - pieces.start_us) AS session_seconds,
    of_micro(energy_sum) AS session_energy_wh,
    of_micro(next_energy - energy_sum) AS energy_wh,
    of_micro(next_charging - charging_sum) AS charging_seconds,
    of_micro(next_parking - parking_sum) AS parking_seconds,
    CAST(0 AS DECIMAL(18, 6)) AS reservation_seconds,
    CAST(NULL AS VARCHAR) AS reservation,
    power_w AS min_power_w,
    power_w AS max_power_w,
    current_a AS min_current_a,
    current_a AS max_current_a
FROM pieces
JOIN zone_offsets ON zone_offsets.time_zone = pieces.time_zone AND at_us >= from_us AND at_us < to_us
-- A point twice at one instant is no piece.
WHERE piece_no = 1 OR next_at_us > at_us OR next_energy > energy_sum
