-- One session's periods in the order of time, with the elements that the engine chose for each.
SELECT
    usage.period_no,
    started_at,
    local_started_at,
    session_seconds,
    session_energy_wh,
    energy_wh,
    charging_seconds,
    parking_seconds,
    reservation_seconds,
    min_power_w,
    max_power_w,
    min_current_a,
    max_current_a,
    reservation,
    energy_element,
    time_element,
    parking_element,
    reserved_time_element
FROM usage
LEFT JOIN rated_choices USING (session_no, period_no)
WHERE session_no = $session_no
ORDER BY period_no
