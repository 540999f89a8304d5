-- Where each session's paid dimensions end, and what their step adds there. step_size is applied once to the session's
-- ENERGY, once to its TIME and PARKING_TIME together and once to its reservation: the step of the last paid component
-- counts, for the volume of its own dimension. FLAT is paid once, in the first period where one matches.
WITH ends AS (
    SELECT
        session_no,
        any_value(tariff_no) AS tariff_no,
        bool_or(has_element) AS has_element,
        sum(energy) AS energy,
        max(period_no) FILTER (energy IS NOT NULL) AS energy_period,
        arg_max(energy_element, period_no) FILTER (energy IS NOT NULL) AS energy_element,
        sum(charging) AS charging,
        max(period_no) FILTER (charging IS NOT NULL) AS time_period,
        arg_max(time_element, period_no) FILTER (charging IS NOT NULL) AS time_element,
        sum(parking) AS parking,
        max(period_no) FILTER (parking IS NOT NULL) AS parking_period,
        arg_max(parking_element, period_no) FILTER (parking IS NOT NULL) AS parking_element,
        sum(reserved) AS reserved,
        max(period_no) FILTER (reserved IS NOT NULL) AS reserved_time_period,
        arg_max(reserved_time_element, period_no) FILTER (reserved IS NOT NULL) AS reserved_time_element,
        min(period_no) FILTER (flat_element IS NOT NULL) AS flat_period,
        arg_min(flat_element, period_no) FILTER (flat_element IS NOT NULL) AS flat_element,
        min(period_no) FILTER (reserved_flat_element IS NOT NULL) AS reserved_flat_period,
        arg_min(reserved_flat_element, period_no) FILTER (reserved_flat_element IS NOT NULL) AS reserved_flat_element
    FROM rated_choices
    GROUP BY session_no
),
-- Within one period parking counts as the later: charging comes first.
timed AS (
    SELECT
        *,
        CASE WHEN parking_period IS NULL OR parking_period < time_period THEN time_element END AS stepped_time_element,
        CASE WHEN time_period IS NULL OR parking_period >= time_period THEN parking_element END
            AS stepped_parking_element
    FROM ends
),
steps AS (
    SELECT tariff_no, element_no, dimension, step_size * 1000000 AS step FROM tariff_components
)
SELECT
    session_no,
    timed.tariff_no,
    has_element,
    energy_period,
    energy_element,
    step_up(energy, of_energy.step) AS energy_added,
    time_period,
    time_element,
    step_up(charging, of_time.step) AS charging_added,
    parking_period,
    parking_element,
    step_up(parking, of_parking.step) AS parking_added,
    reserved_time_period,
    reserved_time_element,
    step_up(reserved, of_reservation.step) AS reserved_added,
    flat_period,
    flat_element,
    reserved_flat_period,
    reserved_flat_element
FROM timed
LEFT JOIN steps AS of_energy
    ON of_energy.tariff_no = timed.tariff_no AND of_energy.element_no = energy_element
    AND of_energy.dimension = 'ENERGY'
LEFT JOIN steps AS of_time
    ON of_time.tariff_no = timed.tariff_no AND of_time.element_no = stepped_time_element AND of_time.dimension = 'TIME'
LEFT JOIN steps AS of_parking
    ON of_parking.tariff_no = timed.tariff_no AND of_parking.element_no = stepped_parking_element
    AND of_parking.dimension = 'PARKING_TIME'
LEFT JOIN steps AS of_reservation
    ON of_reservation.tariff_no = timed.tariff_no AND of_reservation.element_no = reserved_time_element
    AND of_reservation.dimension = 'TIME'
