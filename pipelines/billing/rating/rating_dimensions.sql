-- What can be on a line, in the order of the lines: OCPI's dimensions, reservations apart, and the bounds of the price.
-- `parts`: Wh a kWh, seconds an hour.
SELECT * FROM (VALUES
    (1, 'ENERGY', 'ENERGY', 'kWh', 1000),
    (2, 'TIME', 'TIME', 'h', 3600),
    (3, 'PARKING_TIME', 'PARKING_TIME', 'h', 3600),
    (4, 'FLAT', 'FLAT', 'session', 1),
    (5, 'RESERVATION_TIME', 'TIME', 'h', 3600),
    (6, 'RESERVATION_FLAT', 'FLAT', 'session', 1),
    (7, 'MIN_PRICE', NULL, 'session', 1),
    (8, 'MAX_PRICE', NULL, 'session', 1)
) AS known (dimension_no, dimension, component, quantity_unit, parts)
