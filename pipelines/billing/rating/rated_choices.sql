-- Which element prices each dimension of each period: the first whose restrictions match at the period's start and that
-- has the dimension. Volumes are integers in millionths of Wh and s, NULL where nothing is to be paid.
--
-- Elements for reservations price reservations and nothing else. Of one that expired the RESERVATION_EXPIRES elements
-- count before the RESERVATION ones: 1,000, more than a tariff has elements, is added to the latter's numbers.
WITH matching AS (
    SELECT
        session_no,
        period_no,
        min(element_no) FILTER (has_energy) AS energy_element,
        min(element_no + later) FILTER (has_time) AS time_element,
        min(element_no) FILTER (has_parking_time) AS parking_element,
        min(element_no + later) FILTER (has_flat) AS flat_element
    FROM (
        SELECT
            usage.*,
            epoch_us(local_started_at) % 86400000000 AS day_us,
            1 << (isodow(local_started_at) - 1) AS weekday,
            tariff_no
        FROM usage
        JOIN rating_sessions USING (session_no)
        WHERE is_restricted
    ) AS asked
    JOIN (
        SELECT *, CASE reservation WHEN 'RESERVATION' THEN 1000 ELSE 0 END AS later FROM tariff_elements
    ) AS element USING (tariff_no)
    WHERE
        CASE
            WHEN asked.reservation IS NULL THEN element.reservation IS NULL
            WHEN asked.reservation = 'RESERVATION' THEN coalesce(element.reservation = 'RESERVATION', false)
            ELSE element.reservation IS NOT NULL
        END
        -- A window that does not end after its start wraps midnight.
        AND (
            start_us IS NULL
            OR CASE
                WHEN start_us < end_us THEN day_us >= start_us AND day_us < end_us
                ELSE day_us >= start_us OR day_us < end_us
            END
        )
        AND (weekdays = 127 OR weekdays & weekday <> 0)
        AND (start_date IS NULL OR CAST(local_started_at AS DATE) >= start_date)
        AND (end_date IS NULL OR CAST(local_started_at AS DATE) < end_date)
        AND (min_energy_wh IS NULL OR session_energy_wh >= min_energy_wh)
        AND (max_energy_wh IS NULL OR session_energy_wh < max_energy_wh)
        AND (min_seconds IS NULL OR session_seconds >= min_seconds)
        AND (max_seconds IS NULL OR session_seconds < max_seconds)
        -- What is not known matches no restriction on it.
        AND (element.min_power_w IS NULL OR asked.min_power_w >= element.min_power_w)
        AND (element.max_power_w IS NULL OR asked.max_power_w < element.max_power_w)
        AND (element.min_current_a IS NULL OR asked.min_current_a >= element.min_current_a)
        AND (element.max_current_a IS NULL OR asked.max_current_a < element.max_current_a)
    GROUP BY session_no, period_no
),
plain AS (
    SELECT
        tariff_no,
        min(element_no) FILTER (has_energy) AS energy_element,
        min(element_no) FILTER (has_time) AS time_element,
        min(element_no) FILTER (has_parking_time) AS parking_element,
        min(element_no) FILTER (has_flat) AS flat_element
    FROM tariff_elements
    GROUP BY tariff_no
),
chosen AS (
    SELECT usage.*, tariff_no, matching.* EXCLUDE (session_no, period_no), matching.session_no IS NOT NULL AS has_element
    FROM usage
    JOIN rating_sessions USING (session_no)
    LEFT JOIN matching USING (session_no, period_no)
    WHERE is_restricted
    UNION ALL BY NAME
    SELECT usage.*, rating_sessions.tariff_no, plain.* EXCLUDE (tariff_no), reservation IS NULL AS has_element
    FROM usage
    JOIN rating_sessions USING (session_no)
    LEFT JOIN plain ON plain.tariff_no = rating_sessions.tariff_no AND reservation IS NULL
    WHERE NOT is_restricted
)
SELECT
    session_no,
    period_no,
    tariff_no,
    has_element,
    CASE WHEN reservation IS NULL THEN energy_element END AS energy_element,
    CASE WHEN reservation IS NULL THEN time_element END AS time_element,
    CASE WHEN reservation IS NULL THEN parking_element END AS parking_element,
    CASE WHEN reservation IS NULL THEN flat_element END AS flat_element,
    CASE WHEN reservation IS NOT NULL THEN time_element % 1000 END AS reserved_time_element,
    CASE WHEN reservation IS NOT NULL THEN flat_element % 1000 END AS reserved_flat_element,
    CASE WHEN chosen.energy_element IS NOT NULL AND energy_wh > 0 AND reservation IS NULL
        THEN micro(energy_wh) END AS energy,
    CASE WHEN chosen.time_element IS NOT NULL AND charging_seconds > 0 AND reservation IS NULL
        THEN micro(charging_seconds) END AS charging,
    CASE WHEN chosen.parking_element IS NOT NULL AND parking_seconds > 0 AND reservation IS NULL
        THEN micro(parking_seconds) END AS parking,
    CASE WHEN chosen.time_element IS NOT NULL AND reservation_seconds > 0 AND reservation IS NOT NULL
        THEN micro(reservation_seconds) END AS reserved
FROM chosen
