-- Where a layout has what sessions are made of: the one total of the register at the outlet, the one total of power.
SELECT
    layout_id,
    CASE WHEN count(*) FILTER (is_register) = 1 THEN any_value(place) FILTER (is_register) END AS register_place,
    -- 0 the begin of the transaction, 1 between, 2 its end.
    CASE any_value(context) FILTER (is_register) WHEN 'Transaction.Begin' THEN 0 WHEN 'Transaction.End' THEN 2 ELSE 1 END
        AS edge,
    CASE WHEN count(*) FILTER (is_power) = 1 THEN any_value(place) FILTER (is_power) END AS power_place,
    -- Whatever else tells of energy or power is looked at closely: phases, other places, intervals, one total twice.
    count(*) FILTER (is_register) > 1 OR count(*) FILTER (is_power) > 1 OR bool_or(NOT is_register AND NOT is_power)
        AS has_other_registers,
    bool_or(unit IS NULL) AS contradicts_itself
FROM (
    SELECT
        *,
        measurand = 'Energy.Active.Import.Register' AND phase IS NULL AND location = 'Outlet' AS is_register,
        measurand = 'Power.Active.Import' AND phase IS NULL AND location = 'Outlet' AS is_power
    FROM known_layouts
    WHERE measurand IN ('Energy.Active.Import.Register', 'Energy.Active.Import.Interval', 'Power.Active.Import')
)
GROUP BY layout_id
