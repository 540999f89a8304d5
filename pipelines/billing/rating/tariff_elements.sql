-- Restrictions of each element (NULL: nothing is asked) and which dimensions it prices. Times of day in µs of the local
-- day, the end exclusive; weekdays as bits, 1 for Monday.
SELECT
    CAST(element ->> 'no' AS INTEGER) AS tariff_no,
    CAST(element ->> 'element_no' AS INTEGER) AS element_no,
    CAST(element ->> 'start_us' AS BIGINT) AS start_us,
    CAST(element ->> 'end_us' AS BIGINT) AS end_us,
    CAST(element ->> 'start_date' AS DATE) AS start_date,
    CAST(element ->> 'end_date' AS DATE) AS end_date,
    CAST(element ->> 'min_energy_wh' AS DECIMAL(18, 6)) AS min_energy_wh,
    CAST(element ->> 'max_energy_wh' AS DECIMAL(18, 6)) AS max_energy_wh,
    CAST(element ->> 'min_current_a' AS DECIMAL(18, 6)) AS min_current_a,
    CAST(element ->> 'max_current_a' AS DECIMAL(18, 6)) AS max_current_a,
    CAST(element ->> 'min_power_w' AS DECIMAL(18, 6)) AS min_power_w,
    CAST(element ->> 'max_power_w' AS DECIMAL(18, 6)) AS max_power_w,
    CAST(element ->> 'min_seconds' AS DECIMAL(18, 6)) AS min_seconds,
    CAST(element ->> 'max_seconds' AS DECIMAL(18, 6)) AS max_seconds,
    CAST(element ->> 'weekdays' AS INTEGER) AS weekdays,
    element ->> 'reservation' AS reservation,
    list_contains(CAST(element -> 'dimensions' AS VARCHAR[]), 'ENERGY') AS has_energy,
    list_contains(CAST(element -> 'dimensions' AS VARCHAR[]), 'TIME') AS has_time,
    list_contains(CAST(element -> 'dimensions' AS VARCHAR[]), 'PARKING_TIME') AS has_parking_time,
    list_contains(CAST(element -> 'dimensions' AS VARCHAR[]), 'FLAT') AS has_flat
FROM (SELECT unnest(CAST(CAST($rows AS JSON) AS JSON[])) AS element)
