-- Signed values of the sessions whose CDRs leave, in the order in which they came. Where one transaction id stands for
-- several sessions nothing tells whose they are, so none are told.
WITH transactions AS (
    SELECT station_id, transaction_id, any_value(session_id) AS session_id
    FROM core.signed_sessions
    GROUP BY station_id, transaction_id
    HAVING count(*) = 1
)
SELECT
    leaving.issued_cdr_id,
    readings.collector_id,
    readings.seq,
    readings.value_no,
    readings.received_at,
    readings.markers,
    keys.public_key
FROM leaving_cdrs AS leaving
JOIN transactions USING (session_id)
JOIN core.signed_readings AS readings
    ON readings.station_id = transactions.station_id AND readings.transaction_id = transactions.transaction_id
LEFT JOIN registry_meter_keys AS keys
    ON keys.station_id = leaving.station_id
    AND keys.evse_id = leaving.evse_id
    AND leaving.started_at >= keys.valid_from
    AND leaving.started_at < coalesce(keys.valid_to, 'infinity')
WHERE leaving.kind = 'cdr'
QUALIFY row_number() OVER (
    PARTITION BY leaving.issued_cdr_id, readings.collector_id, readings.seq, readings.value_no ORDER BY keys.valid_from DESC
) = 1
ORDER BY leaving.issued_cdr_id, readings.received_at, readings.collector_id, readings.seq, readings.value_no
