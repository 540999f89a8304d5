-- One row per agreement and month in which it is in force, up to the month of the newest data, in the agreement's zone.
-- A day belongs to the agreement that is in force when the day ends: the day of the begin counts, the day of the end
-- does not. So of two agreements that follow each other exactly one has the day of the change.
WITH bounded AS (
    SELECT
        agreement_id,
        time_zone,
        valid_from,
        CAST(timezone(time_zone, valid_from) AS DATE) AS begin_day,
        CAST(date_trunc('month', timezone(time_zone, newest_at)) + INTERVAL 1 MONTH AS DATE) AS open_end,
        coalesce(CAST(timezone(time_zone, valid_to) AS DATE), open_end) AS stop_day
    FROM agreements
    CROSS JOIN newest_data
    WHERE newest_at IS NOT NULL
),
months AS (
    SELECT
        *,
        CAST(unnest(range(
            date_trunc('month', CAST(begin_day AS TIMESTAMP)),
            CAST(least(stop_day, open_end) AS TIMESTAMP),
            INTERVAL 1 MONTH
        )) AS DATE) AS month
    FROM bounded
),
days AS (
    SELECT
        agreement_id,
        month,
        greatest(begin_day, month) AS first_day,
        least(stop_day, CAST(month + INTERVAL 1 MONTH AS DATE)) AS end_day,
        greatest(valid_from, timezone(time_zone, CAST(month AS TIMESTAMP))) AS first_at
    FROM months
)
SELECT
    agreement_id,
    month,
    first_day,
    end_day,
    first_at,
    CAST(end_day - first_day AS INTEGER) AS days,
    CAST(day(last_day(month)) AS INTEGER) AS days_of_month
FROM days
WHERE end_day > first_day
