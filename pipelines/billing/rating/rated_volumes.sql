-- What is paid, by session, period and dimension: the volume used and, in rows of their own, what a step adds.
SELECT session_no, period_no, tariff_no, 1 AS dimension_no, energy_element AS element_no, energy AS volume, 0 AS added
FROM rated_choices WHERE energy IS NOT NULL
UNION ALL
SELECT session_no, period_no, tariff_no, 2, time_element, charging, 0 FROM rated_choices WHERE charging IS NOT NULL
UNION ALL
SELECT session_no, period_no, tariff_no, 3, parking_element, parking, 0 FROM rated_choices WHERE parking IS NOT NULL
UNION ALL
SELECT session_no, period_no, tariff_no, 5, reserved_time_element, reserved, 0
FROM rated_choices WHERE reserved IS NOT NULL
UNION ALL
SELECT session_no, flat_period, tariff_no, 4, flat_element, 1000000, 0 FROM rated_ends WHERE flat_period IS NOT NULL
UNION ALL
SELECT session_no, reserved_flat_period, tariff_no, 6, reserved_flat_element, 1000000, 0
FROM rated_ends WHERE reserved_flat_period IS NOT NULL
UNION ALL
SELECT session_no, energy_period, tariff_no, 1, energy_element, 0, energy_added FROM rated_ends WHERE energy_added > 0
UNION ALL
SELECT session_no, time_period, tariff_no, 2, time_element, 0, charging_added FROM rated_ends WHERE charging_added > 0
UNION ALL
SELECT session_no, parking_period, tariff_no, 3, parking_element, 0, parking_added
FROM rated_ends WHERE parking_added > 0
UNION ALL
SELECT session_no, reserved_time_period, tariff_no, 5, reserved_time_element, 0, reserved_added
FROM rated_ends WHERE reserved_added > 0
