-- The frames of the sessions of some rounds, in order of receipt. `place` numbers a session's frames: 0 start,
-- 1 its answer, 2 … readings + 1 the readings, then the stop, the status after it, and what goes wrong.
WITH places AS (
    SELECT session.*, unnest(range(0, readings + 6)) AS place
    FROM fleet_sessions AS session
    WHERE round_no >= $first_round AND round_no < $last_round AND is_late = $late
),
named AS (
    SELECT
        * EXCLUDE (place),
        CAST(place AS INTEGER) AS place,
        CAST(place - 1 AS INTEGER) AS reading_no,
        CASE
            WHEN place = 0 THEN 'start'
            WHEN place = 1 THEN 'answer'
            WHEN place <= readings + 1 THEN 'reading'
            WHEN place = readings + 2 THEN 'stop'
            WHEN place = readings + 3 THEN 'status'
            WHEN place = readings + 4 THEN 'stop_again'
            ELSE 'call_error'
        END AS kind
    FROM places
),
told AS (
    SELECT
        *,
        CASE kind
            WHEN 'reading' THEN started_at + to_minutes(reading_no)
            WHEN 'stop' THEN started_at + to_minutes(readings + 1)
            WHEN 'stop_again' THEN started_at + to_minutes(readings + 2)
            WHEN 'status' THEN started_at + to_minutes(readings + 1) + INTERVAL 30 SECOND
            WHEN 'call_error' THEN started_at + to_minutes(readings + 1) + INTERVAL 31 SECOND
            ELSE started_at
        END AS told_at
    FROM named
    WHERE CASE kind
        WHEN 'answer' THEN NOT is_v2
        WHEN 'stop' THEN fault IS DISTINCT FROM 'missing_stop'
        WHEN 'stop_again' THEN fault IS NOT DISTINCT FROM 'repeated_stop'
        WHEN 'call_error' THEN has_call_error
        ELSE true END
),
timed AS (
    SELECT
        *,
        strftime(told_at, '%Y-%m-%dT%H:%M:%SZ') AS told,
        told_at + latency + CASE
            WHEN kind = 'answer' THEN INTERVAL 40 MILLISECOND
            WHEN fault = 'late_reading' AND reading_no = readings // 2 AND kind = 'reading'
                THEN to_minutes(readings + 20 - reading_no)
            ELSE INTERVAL 0 SECOND END AS received_at,
        CAST(register_wh + CASE WHEN kind = 'reading' THEN energy_wh * reading_no // readings
                                WHEN kind IN ('stop', 'stop_again') THEN energy_wh ELSE 0 END AS VARCHAR) AS register,
        CAST(power_w * (power_percent - reading_no % 3) // 100 AS VARCHAR) AS power,
        CASE WHEN power_w >= 50000 THEN CAST(20 + reading_no AS VARCHAR)
             ELSE CAST(power_w * power_percent // 23000 AS VARCHAR) || '.' || CAST(reading_no % 10 AS VARCHAR)
        END AS third
    FROM told
)
SELECT
    $collector_id AS collector_id,
    $seq + row_number() OVER (ORDER BY received_at, session_no, place) AS seq,
    CAST(1 + station_no AS BIGINT) AS connection_id,
    station_id,
    CAST(received_at AS TIMESTAMPTZ) AS received_at,
    CASE WHEN kind IN ('answer', 'call_error') THEN 'out' ELSE 'in' END AS direction,
    CASE WHEN is_v2 THEN '2.0.1' ELSE '1.6' END AS ocpp_version,
    CASE kind WHEN 'answer' THEN 3 WHEN 'call_error' THEN 4 ELSE 2 END AS message_type,
    -- An answer bears the id of its call.
    concat(session_no, '-', CASE kind WHEN 'answer' THEN 0 WHEN 'call_error' THEN readings + 3 ELSE place END)
        AS message_id,
    CASE
        WHEN kind IN ('status', 'call_error') THEN 'StatusNotification'
        WHEN is_v2 THEN 'TransactionEvent'
        WHEN kind IN ('start', 'answer') THEN 'StartTransaction'
        WHEN kind = 'reading' THEN 'MeterValues'
        ELSE 'StopTransaction'
    END AS action,
    CASE kind
        WHEN 'start' THEN CASE WHEN is_v2 THEN concat(
            '{"eventType":"Started","timestamp":"', told, '","triggerReason":"CablePluggedIn","seqNo":0,',
            '"transactionInfo":{"transactionId":"', transaction_id, '","chargingState":"Charging"},"evse":{"id":',
            connector_id, ',"connectorId":1},"idToken":{"idToken":"', id_tag, '","type":"ISO14443"},',
            '"meterValue":[{"timestamp":"', told, '","sampledValue":[{"value":', register,
            ',"context":"Transaction.Begin","measurand":"Energy.Active.Import.Register","location":"Outlet",',
            '"unitOfMeasure":{"unit":"Wh"}}]}]}'
        ) ELSE concat(
            '{"connectorId":', connector_id, ',"idTag":"', id_tag, '","meterStart":', register, ',"timestamp":"', told, '"}'
        ) END
        WHEN 'answer' THEN concat('{"transactionId":', transaction_id, ',"idTagInfo":{"status":"Accepted"}}')
        WHEN 'reading' THEN CASE WHEN is_v2 THEN concat(
            '{"eventType":"Updated","timestamp":"', told, '","triggerReason":"MeterValuePeriodic","seqNo":', reading_no,
            ',"transactionInfo":{"transactionId":"', transaction_id, '","chargingState":"Charging"},"evse":{"id":',
            connector_id, ',"connectorId":1},"meterValue":[{"timestamp":"', told, '","sampledValue":[{"value":', register,
            ',"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet",',
            '"unitOfMeasure":{"unit":"Wh"}},{"value":', power,
            ',"context":"Sample.Periodic","measurand":"Power.Active.Import","location":"Outlet",',
            '"unitOfMeasure":{"unit":"W"}},{"value":', third, ',"context":"Sample.Periodic",',
            CASE WHEN power_w >= 50000 THEN '"measurand":"SoC","location":"EV","unitOfMeasure":{"unit":"Percent"}}]}]}'
                 ELSE '"measurand":"Current.Import","location":"Outlet","unitOfMeasure":{"unit":"A"}}]}]}' END
        ) ELSE concat(
            '{"connectorId":', connector_id, ',"transactionId":', transaction_id, ',"meterValue":[{"timestamp":"', told,
            '","sampledValue":[{"value":"', register,
            '","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unit":"Wh"},',
            '{"value":"', power,
            '","context":"Sample.Periodic","measurand":"Power.Active.Import","location":"Outlet","unit":"W"},{"value":"',
            third, '","context":"Sample.Periodic",',
            CASE WHEN power_w >= 50000 THEN '"measurand":"SoC","location":"EV","unit":"Percent"}]}]}'
                 ELSE '"measurand":"Current.Import","location":"Outlet","unit":"A"}]}]}' END
        ) END
        WHEN 'status' THEN CASE
            WHEN is_v2 THEN concat(
                '{"timestamp":"', told, '","connectorStatus":"', CASE WHEN has_status_fault THEN 'Faulted' ELSE 'Available' END,
                '","evseId":', connector_id, ',"connectorId":1}')
            WHEN has_status_fault THEN concat(
                '{"connectorId":', connector_id, ',"errorCode":"GroundFailure","info":"RCD tripped","status":"Faulted",',
                '"timestamp":"', told, '","vendorErrorCode":"E', session_no % 7, '"}')
            ELSE concat(
                '{"connectorId":', connector_id, ',"errorCode":"NoError","status":"Available","timestamp":"', told, '"}')
        END
        WHEN 'call_error' THEN '["InternalError","the central system is busy",{}]'
        ELSE CASE WHEN is_v2 THEN concat(
            '{"eventType":"Ended","timestamp":"', told, '","triggerReason":"EVDeparted","seqNo":', readings + 1,
            ',"transactionInfo":{"transactionId":"', transaction_id, '","stoppedReason":"EVDisconnected"},"evse":{"id":',
            connector_id, ',"connectorId":1},"meterValue":[{"timestamp":"', told, '","sampledValue":[{"value":', register,
            ',"context":"Transaction.End","measurand":"Energy.Active.Import.Register","location":"Outlet",',
            '"unitOfMeasure":{"unit":"Wh"}}]}]}'
        ) ELSE concat(
            '{"meterStop":', register, ',"timestamp":"', told, '","transactionId":', transaction_id,
            ',"reason":"EVDisconnected","idTag":"', id_tag, '"}'
        ) END
    END AS payload,
    NULL::VARCHAR AS schema_error
FROM timed
WHERE received_at >= $after AND received_at < $until
ORDER BY seq
