-- What several steps say in the same words. Where many times are compared they are moved by hours: days, which may have
-- 23 or 25 of them, are counted in a calendar, and cost five times as much.

-- What tells one start from another: who, where, when and at which register. Only a transaction id tells apart what a
-- clock that stands still does not.
CREATE OR REPLACE TEMP MACRO begin_key(
    station_id, connector_id, evse_id, id_token, event_at, register_wh, ocpp_version, transaction_id
) AS md5(concat_ws('|', station_id, connector_id, evse_id, id_token, epoch_us(event_at), register_wh,
    CASE WHEN ocpp_version <> '1.6' OR event_at IS NULL OR event_at < TIMESTAMPTZ '2010-01-01 00:00:00+00'
         THEN transaction_id END));

-- The station's time where it can be one, else the receipt.
CREATE OR REPLACE TEMP MACRO likely_time(event_at, received_at) AS
    CASE WHEN event_at BETWEEN TIMESTAMPTZ '2010-01-01 00:00:00+00' AND received_at + INTERVAL 24 HOUR THEN event_at
         ELSE received_at END;

-- The second that a moment lies in. (In a calendar, as date_trunc looks for it, it costs ten times as much.)
CREATE OR REPLACE TEMP MACRO second_of(moment) AS epoch_us(moment) // 1000000;

-- Whether a number is missing among those of a transaction's events (33). One that is told twice counts once: it stands
-- for no other. A station that numbers nothing sends the same always. (Lists: DISTINCT would cost four times as much.)
CREATE OR REPLACE TEMP MACRO has_gap(seq_no) AS
    coalesce(max(seq_no) >= min(seq_no) + list_unique(list(seq_no) FILTER (seq_no IS NOT NULL)), false);

-- A register in Wh, where the operator says what a model's unit stands for.
CREATE OR REPLACE TEMP MACRO in_wh(register_wh, energy_factor) AS
    CASE WHEN energy_factor IS NULL THEN register_wh ELSE
        try_cast(CAST(register_wh AS DECIMAL(24, 6)) * CAST(energy_factor AS DECIMAL(14, 6)) AS DECIMAL(18, 6)) END;

-- Stands for a transaction and the refresh that has read of it.
CREATE OR REPLACE TEMP MACRO run_of(station_id, transaction_id) AS
    CAST(hash(station_id, transaction_id, getvariable('taken_in')) // 2::UBIGINT AS BIGINT);

-- The number of the quarter-hour since 1970 that a step lies within; of a step over an edge the microsecond of its end.
CREATE OR REPLACE TEMP MACRO quarter_of(from_us, to_us) AS
    CASE WHEN from_us // 900000000 = (to_us - 1) // 900000000 THEN from_us // 900000000 ELSE to_us END;

-- Wh and microseconds.
CREATE OR REPLACE TEMP MACRO mean_power_w(energy_wh, step_us) AS 3600000000 * CAST(energy_wh AS DOUBLE) / step_us;
