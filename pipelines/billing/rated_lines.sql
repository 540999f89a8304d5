-- Priced lines, one per session, dimension and tariff element. Volumes and prices are integers in millionths, so that
-- products, steps and sums are exact; `amount_parts` ÷ `parts` is the amount in 10⁻¹² of the currency, unrounded.
WITH volumes AS (
    SELECT session_id, period_no, tariff_id, tariff_version, 'ENERGY' AS dimension, 1 AS dimension_no,
        CAST(CAST(energy_wh AS DECIMAL(38, 6)) * 1000000 AS HUGEINT) AS volume
    FROM usage
    UNION ALL
    SELECT session_id, period_no, tariff_id, tariff_version, 'TIME', 2,
        CAST(CAST(charging_seconds AS DECIMAL(38, 6)) * 1000000 AS HUGEINT)
    FROM usage
    UNION ALL
    SELECT session_id, period_no, tariff_id, tariff_version, 'PARKING_TIME', 3,
        CAST(CAST(parking_seconds AS DECIMAL(38, 6)) * 1000000 AS HUGEINT)
    FROM usage
    UNION ALL
    SELECT session_id, period_no, tariff_id, tariff_version, 'FLAT', 4, CAST(1000000 AS HUGEINT)
    FROM usage
),
-- Each dimension of a period takes its price from the first element that has the dimension (and, once there are
-- restrictions, whose restrictions match at the period's start).
matched AS (
    SELECT volumes.*, element_no, price, vat_percent, CAST(step_size AS HUGEINT) * 1000000 AS step
    FROM volumes
    JOIN tariff_components USING (tariff_id, tariff_version, dimension)
    WHERE volume > 0
    QUALIFY row_number() OVER (PARTITION BY session_id, period_no, dimension ORDER BY element_no) = 1
),
-- FLAT is paid once, in the first period where one matches.
paid AS (
    SELECT * FROM matched
    QUALIFY dimension <> 'FLAT' OR row_number() OVER (PARTITION BY session_id, dimension ORDER BY period_no) = 1
),
-- step_size is applied once to the session's ENERGY and once to its TIME and PARKING_TIME together: the step of the
-- last paid component counts, for the volume of its own dimension; what it adds is billed at that last place.
last_paid AS (
    SELECT *,
        sum(volume) OVER (PARTITION BY session_id, dimension) AS total,
        dimension <> 'FLAT' AND row_number() OVER (
            PARTITION BY session_id, dimension IN ('TIME', 'PARKING_TIME'), dimension = 'FLAT'
            ORDER BY period_no DESC, dimension_no DESC
        ) = 1 AS takes_step
    FROM paid
),
billed AS (
    SELECT *,
        volume + CASE WHEN takes_step THEN ((total + step - 1) // step) * step - total ELSE 0 END AS billed_volume
    FROM last_paid
),
lines AS (
    SELECT
        session_id,
        dimension,
        dimension_no,
        element_no,
        price,
        vat_percent,
        sum(billed_volume) AS volume,
        CASE dimension WHEN 'ENERGY' THEN 1000 WHEN 'FLAT' THEN 1 ELSE 3600 END AS parts  -- Wh a kWh, seconds an hour
    FROM billed
    GROUP BY ALL
)
SELECT
    session_id,
    CAST(row_number() OVER (PARTITION BY session_id ORDER BY dimension_no, element_no) AS INTEGER) AS line_no,
    dimension,
    element_no,
    CASE dimension WHEN 'ENERGY' THEN 'kWh' WHEN 'FLAT' THEN 'session' ELSE 'h' END AS quantity_unit,
    CAST(CAST(half_up(volume, parts) AS DECIMAL(38, 0)) * 0.000001 AS DECIMAL(18, 6)) AS quantity,
    price,
    vat_percent,
    volume * CAST(CAST(price AS DECIMAL(38, 6)) * 1000000 AS HUGEINT) AS amount_parts,
    CAST(parts AS HUGEINT) AS parts,
    CAST(CAST(half_up(amount_parts, parts) AS DECIMAL(38, 0)) * 0.000000000001 AS DECIMAL(28, 12)) AS amount_excl_vat
FROM lines
