-- What the steps that read frames say in the same words. Most texts are as they should be: only others go the slow way.

-- Text of a station without blanks around it, cut to 255 characters because it is repeated (OCPP allows 36 where it
-- matters), without NUL, which DuckLake's catalog cannot hold; NULL where nothing is left.
CREATE OR REPLACE TEMP MACRO clean_text(told) AS CASE
    WHEN told IS NULL THEN NULL
    -- Its first character is none of those up to the blank.
    WHEN told > '!' AND strlen(told) <= 255 AND NOT suffix(told, ' ') AND NOT contains(told, chr(0)) THEN told
    ELSE nullif(left(trim(replace(told, chr(0), chr(65533))), 255), '') END;

-- Only what starts with a digit: DuckDB would take words such as `now` and `today` for times.
CREATE OR REPLACE TEMP MACRO told_time(told) AS CASE
    WHEN ascii(told) BETWEEN 48 AND 57 THEN try_cast(told AS TIMESTAMPTZ)
    WHEN ascii(told) = 32 AND ascii(trim(told)) BETWEEN 48 AND 57 THEN try_cast(trim(told) AS TIMESTAMPTZ) END;

-- A number of text times a power of ten, exactly: the text gets an exponent. One that has an exponent already is as
-- exact as a double. No register of a connector reaches 100 GWh, and no other reading that number: 17 digits hold it.
CREATE OR REPLACE TEMP MACRO scaled(told, exponent) AS coalesce(
    try_cast(concat(trim(told), 'e', exponent) AS DECIMAL(17, 6)),
    try_cast(try_cast(told AS DOUBLE) * pow(10, exponent) AS DECIMAL(17, 6)));

-- What a unit other than the canonical ones makes of a value. OCPP 2.x: value * 10^multiplier.
CREATE OR REPLACE TEMP MACRO converted(told, unit, multiplier) AS CASE
    WHEN abs(multiplier) > 9 THEN NULL
    WHEN unit = 'k' THEN try_cast(try_cast(told AS DOUBLE) * pow(10, multiplier) - 273.15 AS DECIMAL(17, 6))
    WHEN unit = 'fahrenheit'
        THEN try_cast((try_cast(told AS DOUBLE) * pow(10, multiplier) - 32) * 0.555556 AS DECIMAL(17, 6))
    WHEN unit IN ('kwh', 'kvarh', 'kvah', 'kw', 'kvar', 'kva') THEN scaled(told, multiplier + 3)
    ELSE scaled(told, multiplier) END;

-- Whether a sample's value stands as it was told: in one of the canonical units, without a multiplier.
CREATE OR REPLACE TEMP MACRO is_canonical(unit, multiplier) AS
    multiplier IS NULL AND coalesce(unit, 'W') IN ('Wh', 'W', 'A', 'V', 'Percent');

CREATE OR REPLACE TEMP MACRO canonical_value(told) AS try_cast(told AS DECIMAL(17, 6));

-- The value of a sample in the canonical unit of what its unit measures; whether that fits the measurand, its layout says.
CREATE OR REPLACE TEMP MACRO in_canonical_unit(told, unit, multiplier) AS
    CASE WHEN is_canonical(unit, multiplier) THEN canonical_value(told)
         ELSE converted(told, lower(trim(coalesce(unit, ''))), coalesce(try_cast(multiplier AS INTEGER), 0)) END;

-- What the samples of a set are, in order, as a number.
CREATE OR REPLACE TEMP MACRO layout_of(samples) AS CAST(hash(list_transform(samples, lambda s: hash(
    s.measurand, s.context, s.phase, s.location, s.unit, s.unitOfMeasure.unit, s.unitOfMeasure.multiplier
))) // 2::UBIGINT AS BIGINT);
