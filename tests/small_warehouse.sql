-- Pseudo-random shares in [0, 1) come from hash(), so that every build is the same.
CREATE TEMP TABLE connectors AS
SELECT site_id, station_id, evse_id, connector_id, rated_power_w, time_zone, currency,
       in_service_from, row_number() OVER (ORDER BY station_id) AS n
FROM registry.connectors
JOIN registry.stations USING (station_id)
JOIN registry.sites USING (site_id);

CREATE TEMP TABLE core__sessions AS
WITH slots AS (
    SELECT c.*, day::DATE AS day, slot,
           (hash(station_id, day, slot, 'begin') % 1000) / 1000 AS u_begin,
           (hash(station_id, day, slot, 'length') % 1000) / 1000 AS u_length,
           (hash(station_id, day, slot, 'come') % 1000) / 1000 AS u_come
    FROM connectors AS c,
         (SELECT unnest(generate_series(first_day::TIMESTAMP, last_day::TIMESTAMP, INTERVAL 1 DAY)) AS day FROM parameters),
         range(0, 2) AS slots(slot)
),
chosen AS (
    SELECT *,
           timezone(time_zone, day + to_seconds(round(3600 * (CASE slot WHEN 0 THEN 7 + 3 * u_begin ELSE 14 + 3 * u_begin END)))) AS started_at,
           round(3600 * (0.5 + 3.4 * u_length))::BIGINT AS seconds,
           round(1000 * rated_power_w / 2000 * (0.5 + 3.4 * u_length) * (0.4 + 0.5 * u_begin))::DECIMAL(18, 6) AS energy_wh
    FROM slots
    WHERE u_come < 0.35 + 0.4 * (n % 3) / 2 - CASE WHEN isodow(day) > 5 THEN 0.2 ELSE 0 END + 0.1 * (month(day) / 6)
)
SELECT
    md5(concat(station_id, '|', started_at)) AS session_id, station_id, site_id, evse_id, connector_id,
    (row_number() OVER (ORDER BY started_at, station_id))::VARCHAR AS transaction_id,
    concat('file-', md5(concat(station_id, started_at))) AS external_session_id,
    concat('tok_', lpad((hash(station_id, day, slot, 'token') % 40)::VARCHAR, 2, '0')) AS id_token,
    started_at, started_at + to_seconds(seconds) AS ended_at, 'completed' AS state,
    energy_wh, 'registers' AS energy_source, 0::DECIMAL(18, 6) AS begin_register_wh, energy_wh AS end_register_wh,
    (seconds * 2) // 3 AS charging_seconds, seconds - (seconds * 2) // 3 AS idle_seconds,
    (energy_wh * 5400 / seconds)::DECIMAL(18, 3) AS max_power_w, 'EVDisconnected' AS stop_reason,
    CASE WHEN hash(station_id, day, slot, 'odd') % 200 = 0 THEN 'suspect' ELSE 'ok' END AS grade,
    CASE WHEN hash(station_id, day, slot, 'odd') % 200 = 0 THEN ['implausible_power'] ELSE []::VARCHAR[] END AS flags,
    (SELECT origin FROM parameters) AS origin, started_at + to_seconds(seconds) AS last_received_at
FROM chosen;

CREATE TEMP TABLE core__energy_steps AS
SELECT session_id, (quarter + 1)::INTEGER AS step_no, station_id, site_id, evse_id, connector_id,
       started_at + to_seconds(charging_seconds * quarter // 4) AS from_at,
       started_at + to_seconds(charging_seconds * (quarter + 1) // 4) AS to_at,
       (energy_wh / 4)::DECIMAL(18, 6) AS energy_wh, true AS measured
FROM core__sessions, range(0, 4) AS quarters(quarter);

CREATE TEMP TABLE hours AS
SELECT c.*, hour_start, timezone(c.time_zone, hour_start)::DATE AS local_date
FROM connectors AS c,
     (SELECT unnest(generate_series(first_day::TIMESTAMPTZ - INTERVAL 1 DAY, last_day::TIMESTAMPTZ + INTERVAL 2 DAY, INTERVAL 1 HOUR)) AS hour_start
      FROM parameters)
WHERE timezone(c.time_zone, hour_start)::DATE BETWEEN (SELECT first_day FROM parameters) AND (SELECT last_day FROM parameters);

CREATE TEMP TABLE mart__connector_hours AS
WITH parts AS (
    SELECT s.station_id, hour_start,
           date_diff('second', greatest(started_at, hour_start), least(ended_at, hour_start + INTERVAL 1 HOUR)) AS occupied,
           greatest(0, date_diff('second', greatest(started_at, hour_start),
               least(started_at + to_seconds(charging_seconds), hour_start + INTERVAL 1 HOUR))) AS charging,
           s.energy_wh / charging_seconds AS watt_hours_a_second,
           (started_at >= hour_start)::BIGINT AS begins
    FROM core__sessions AS s
    CROSS JOIN LATERAL unnest(generate_series(date_trunc('hour', started_at), ended_at, INTERVAL 1 HOUR)) AS touched(hour_start)
)
SELECT h.site_id, h.station_id, h.evse_id, h.connector_id, h.hour_start,
       3600::BIGINT AS open_seconds,
       coalesce(sum(occupied), 0)::BIGINT AS occupied_seconds,
       coalesce(sum(charging), 0)::BIGINT AS charging_seconds,
       0::BIGINT AS offline_seconds, 0::BIGINT AS faulted_seconds,
       coalesce(sum(charging * watt_hours_a_second), 0)::DECIMAL(18, 6) AS energy_wh,
       coalesce(sum(begins), 0)::BIGINT AS sessions_started
FROM hours AS h
LEFT JOIN parts USING (station_id, hour_start)
GROUP BY ALL;

CREATE TEMP TABLE mart__site_days AS
SELECT h.site_id, local_date,
       count(DISTINCT h.station_id) AS connectors,
       count(DISTINCT h.station_id) FILTER (WHERE occupied_seconds > 0) AS connectors_used,
       sum(open_seconds)::BIGINT AS open_seconds,
       sum(occupied_seconds)::BIGINT AS occupied_seconds,
       sum(charging_seconds)::BIGINT AS charging_seconds,
       (sum(rated_power_w * open_seconds) / 3600)::DECIMAL(18, 6) AS rated_wh,
       sum(energy_wh)::DECIMAL(18, 6) AS energy_wh,
       sum(sessions_started)::BIGINT AS sessions_started,
       sum(sessions_started)::BIGINT AS unique_tokens,
       (max(energy_wh) * 2)::DECIMAL(18, 3) AS peak_load_w
FROM mart__connector_hours AS m
JOIN hours AS h USING (station_id, hour_start)
GROUP BY ALL;

CREATE TEMP TABLE billing__cdrs AS
SELECT concat('cdr-', session_id) AS cdr_id, session_id, 'NL' AS country_code, 'KWH' AS party_id, s.site_id, station_id,
       concat('C-', lpad((CASE currency WHEN 'EUR' THEN hash(id_token) % 14 ELSE 14 + hash(id_token) % 6 END)::VARCHAR, 3, '0')) AS contract_id,
       id_token, concat('standard-', lower(currency)) AS tariff_id, 1 AS tariff_version, currency, started_at, ended_at,
       timezone(time_zone, started_at)::DATE AS local_date, energy_wh,
       charging_seconds, idle_seconds AS parking_seconds,
       (0.4 * energy_wh / 1000 + 1)::DECIMAL(18, 4) AS total_excl_vat,
       (1.2 * (0.4 * energy_wh / 1000 + 1))::DECIMAL(18, 4) AS total_incl_vat, grade
FROM core__sessions AS s
JOIN registry.sites USING (site_id);

CREATE TEMP TABLE billing__cdr_lines AS
SELECT cdr_id, 1 AS line_no, 'ENERGY' AS dimension, (energy_wh / 1000)::DECIMAL(18, 6) AS quantity, 'kWh' AS quantity_unit,
       0.4::DECIMAL(18, 6) AS price, (0.4 * energy_wh / 1000)::DECIMAL(28, 12) AS amount_excl_vat, 20::DECIMAL(7, 4) AS vat_percent, 0 AS element_no
FROM billing__cdrs
UNION ALL
SELECT cdr_id, 2, 'FLAT', 1, 'session', 1, 1, 20, 0 FROM billing__cdrs;

CREATE TEMP TABLE billing__invoice_draft_lines AS
SELECT concat(contract_id, '-', strftime(timezone(time_zone, started_at), '%Y-%m'), '-', currency) AS invoice_id,
       (row_number() OVER (PARTITION BY invoice_id ORDER BY started_at, session_id))::INTEGER AS line_no,
       'session' AS kind, cdr_id, session_id, site_id, started_at, energy_wh, 20::DECIMAL(7, 4) AS vat_percent,
       total_excl_vat::DECIMAL(18, 2) AS amount_excl_vat,
       contract_id, currency, date_trunc('month', timezone(time_zone, started_at))::DATE AS month
FROM billing__cdrs
JOIN registry.sites USING (site_id, currency)
WHERE grade = 'ok';

CREATE TEMP TABLE billing__invoice_drafts AS
SELECT invoice_id, contract_id, 'kwh' AS operator_id, month, currency, count(*) AS sessions,
       sum(energy_wh)::DECIMAL(18, 6) AS energy_wh, sum(amount_excl_vat)::DECIMAL(18, 2) AS total_excl_vat,
       (sum(amount_excl_vat) * 0.2)::DECIMAL(18, 2) AS total_vat,
       (sum(amount_excl_vat) + (sum(amount_excl_vat) * 0.2)::DECIMAL(18, 2))::DECIMAL(18, 2) AS total_incl_vat,
       'half_up_per_line' AS rounding, md5(string_agg(cdr_id, ';' ORDER BY line_no)) AS lines_hash
FROM billing__invoice_draft_lines
GROUP BY ALL;

CREATE TEMP TABLE mart__revenue_days AS
SELECT site_id, timezone(time_zone, cdrs.started_at)::DATE AS local_date, currency,
       count(*) AS rated_sessions, sum(total_excl_vat)::DECIMAL(18, 4) AS rated_excl_vat, sum(cdrs.energy_wh)::DECIMAL(18, 6) AS rated_wh,
       count(lines.cdr_id) AS billed_sessions, coalesce(sum(lines.amount_excl_vat), 0)::DECIMAL(18, 4) AS billed_excl_vat,
       0::BIGINT AS unpriced_sessions
FROM billing__cdrs AS cdrs
JOIN registry.sites USING (site_id, currency)
LEFT JOIN billing__invoice_draft_lines AS lines USING (cdr_id, site_id, currency)
GROUP BY ALL;

CREATE TEMP TABLE weekday_means AS
SELECT site_id, isodow(local_date) AS weekday, avg(energy_wh)::DOUBLE AS mean_wh, stddev(energy_wh)::DOUBLE AS spread_wh
FROM mart__site_days
WHERE local_date > (SELECT last_day FROM parameters) - 56
GROUP BY ALL;

CREATE TEMP TABLE models AS
SELECT * FROM (VALUES ('weekday_mean', 1.0, 1.0), ('seasonal_naive', 1.04, 1.3)) AS models(model, level, width);

CREATE TEMP TABLE forecast__demand AS
SELECT site_id, model, last_day AS origin_date, (last_day + horizon)::DATE AS local_date, horizon::INTEGER AS horizon_days,
       mean_wh * level AS energy_wh_mean,
       greatest(0, mean_wh * level - 1.96 * width * spread_wh) AS energy_wh_p2_5,
       greatest(0, mean_wh * level - 1.28 * width * spread_wh) AS energy_wh_p10,
       mean_wh * level + 1.28 * width * spread_wh AS energy_wh_p90,
       mean_wh * level + 1.96 * width * spread_wh AS energy_wh_p97_5
FROM parameters, models, (SELECT unnest(range(1, 29))::INTEGER AS horizon)
JOIN weekday_means ON weekday = isodow(last_day + horizon);

CREATE TEMP TABLE forecast__backtests AS
SELECT site_id, model, (last_day - back)::DATE AS origin_date, local_date,
       (local_date - (last_day - back)::DATE)::INTEGER AS horizon_days,
       days.energy_wh::DOUBLE AS actual_wh, mean_wh * level AS energy_wh_mean,
       greatest(0, mean_wh * level - 1.96 * width * spread_wh) AS energy_wh_p2_5,
       greatest(0, mean_wh * level - 1.28 * width * spread_wh) AS energy_wh_p10,
       mean_wh * level + 1.28 * width * spread_wh AS energy_wh_p90,
       mean_wh * level + 1.96 * width * spread_wh AS energy_wh_p97_5,
       spread_wh AS naive_scale_wh
FROM parameters, models, (SELECT unnest([28, 42, 56])::INTEGER AS back)
JOIN mart__site_days AS days ON local_date BETWEEN last_day - back + 1 AND last_day - back + 28
JOIN weekday_means USING (site_id)
WHERE weekday = isodow(local_date);

CREATE TEMP TABLE ops__faults AS
SELECT concat('implausible_power:', session_id) AS fault_id, 'implausible_power' AS kind, station_id, session_id,
       '{"made_up": true}' AS evidence, started_at AS first_seen_at, ended_at AS last_seen_at
FROM core__sessions
WHERE grade = 'suspect';

CREATE TEMP TABLE raw__rejected AS
SELECT 'test' AS collector_id, n::BIGINT AS seq, NULL::BIGINT AS connection_id, station_id, started_at AS received_at, '1.6' AS ocpp_version,
       'not json' AS text, 'unparsable' AS reason, NULL::VARCHAR AS detail
FROM (SELECT *, row_number() OVER (ORDER BY started_at) AS n FROM core__sessions)
WHERE n <= 3;

-- The frames of one session: the first on C-004's invoice of June.
CREATE TEMP TABLE told AS
SELECT sessions.*, concat('CARD-', right(id_token, 2)) AS card
FROM core__sessions AS sessions
WHERE session_id = (SELECT session_id FROM billing__invoice_draft_lines WHERE invoice_id = 'C-004-2025-06-EUR' AND line_no = 1);

CREATE TEMP TABLE raw__messages AS
WITH frames AS (
    SELECT 1 AS seq, started_at AS received_at, 'in' AS direction, 2 AS message_type, 'a' AS message_id, 'StartTransaction' AS action,
           to_json({'connectorId': 1, 'idTag': card, 'meterStart': 0, 'timestamp': started_at}) AS payload FROM told
    UNION ALL
    SELECT 2, started_at, 'out', 3, 'a', 'StartTransaction',
           to_json({'transactionId': transaction_id::BIGINT, 'idTagInfo': {'status': 'Accepted'}}) FROM told
    UNION ALL
    SELECT 3, started_at + to_seconds(charging_seconds // 2), 'in', 2, 'b', 'MeterValues',
           to_json({'connectorId': 1, 'transactionId': transaction_id::BIGINT, 'meterValue': [{
               'timestamp': started_at + to_seconds(charging_seconds // 2),
               'sampledValue': [{'value': (energy_wh / 2)::DECIMAL(18, 6)::VARCHAR}]}]}) FROM told
    UNION ALL
    SELECT 4, ended_at, 'in', 2, 'c', 'StopTransaction',
           to_json({'transactionId': transaction_id::BIGINT, 'idTag': card, 'meterStop': energy_wh::BIGINT, 'timestamp': ended_at}) FROM told
)
SELECT 'test' AS collector_id, 1000 + seq AS seq, NULL::BIGINT AS connection_id, station_id, frames.received_at, direction,
       '1.6' AS ocpp_version, message_type::INTEGER AS message_type, message_id, action, payload::VARCHAR AS payload, NULL::VARCHAR AS schema_error
FROM frames, told;

CREATE TEMP TABLE core__transaction_events AS
SELECT 'test' AS collector_id, 1000 + n AS seq, NULL::BIGINT AS connection_id, station_id, '1.6' AS ocpp_version,
       CASE n WHEN 4 THEN ended_at ELSE started_at END AS received_at,
       CASE n WHEN 1 THEN 'started' WHEN 2 THEN 'answer' ELSE 'ended' END AS event,
       CASE n WHEN 4 THEN 'c' ELSE 'a' END AS message_id,
       CASE WHEN n > 1 THEN transaction_id END AS transaction_id, 1 AS evse_id, 1 AS connector_id, id_token,
       CASE n WHEN 1 THEN started_at WHEN 4 THEN ended_at END AS event_at,
       CASE n WHEN 1 THEN 0 WHEN 4 THEN energy_wh END::DECIMAL(18, 6) AS register_wh
FROM told, (SELECT unnest([1, 2, 4]) AS n);

CREATE TEMP TABLE core__reading_layouts AS
SELECT 1 AS layout_id, 1 AS place, 'Energy.Active.Import.Register' AS measurand, 'Outlet' AS location,
       'Sample.Periodic' AS context, 'Wh' AS unit;

CREATE TEMP TABLE core__readings AS
SELECT 'test' AS collector_id, 1003 AS seq, 1 AS set_no, 0 AS first_sample_no, station_id, 1 AS evse_id,
       1 AS connector_id, transaction_id, started_at + to_seconds(charging_seconds // 2) AS measured_at,
       measured_at AS received_at, 1 AS layout_id, [(energy_wh / 2)::DECIMAL(18, 6)] AS samples
FROM told;
;

-- One station says another model than the registry does.
CREATE TEMP TABLE core__station_reports AS
SELECT 'harbour-01' AS station_id, 0 AS evse_id, 0 AS connector_id, unnest(['vendor', 'model', 'firmware']) AS fact,
       unnest(['Volt', 'V2', '1.4']) AS value, 'BootNotification' AS action,
       TIMESTAMPTZ '2025-06-01 08:00:00+00' AS reported_at, 'test' AS collector_id, 900 AS seq
