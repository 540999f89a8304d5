-- Sessions as other systems told them, each once: of several records of one session the newest counts. A CDR never
-- changes, so of several with one identity the oldest counts. A credit CDR takes its original back, whichever came first:
-- neither is a session.
WITH newest AS (
    SELECT *, bool_or(kind = 'ocpi_credit') OVER (PARTITION BY station_id, external_session_id) AS is_taken_back
    FROM all_session_records
    SEMI JOIN touched_records USING (station_id, external_session_id)
    QUALIFY row_number() OVER (
        PARTITION BY station_id, external_session_id
        ORDER BY
            CASE WHEN kind = 'ocpi_cdr' THEN received_at END,
            CASE WHEN kind = 'ocpi_cdr' THEN collector_id END,
            CASE WHEN kind = 'ocpi_cdr' THEN seq END,
            received_at DESC, collector_id DESC, seq DESC
    ) = 1
)
SELECT
    md5(concat_ws('|', 'record', newest.station_id, external_session_id)) AS session_id,
    -- Beyond the numbers of the others.
    CAST(1000000000 + row_number() OVER () AS INTEGER) AS row_no,
    newest.station_id, newest.evse_id, newest.connector_id, NULL::VARCHAR AS transaction_id, external_session_id,
    pseudonyms.pseudonym AS id_token,
    started_at, ended_at, 'completed' AS state, ended_at AS known_until,
    energy_wh,
    CASE WHEN energy_wh IS NOT NULL THEN 'import' END AS energy_source,
    NULL::DECIMAL(18, 6) AS begin_register_wh, NULL::DECIMAL(18, 6) AS end_register_wh,
    charging_seconds,
    coalesce(
        CAST(max_power_w AS DOUBLE),
        CASE WHEN ended_at > started_at + INTERVAL 1 MINUTE
             THEN 3600000 * CAST(energy_wh AS DOUBLE)
                  / coalesce(nullif(charging_seconds, 0) * 1000, date_sub('millisecond', started_at, ended_at)) END
    ) AS max_power_w,
    coalesce(
        list_filter(periods, lambda p: started_at >= p.from_at AND started_at < p.to_at)[-1].rated_power_w,
        periods[-1].rated_power_w
    ) AS rated_power_w,
    NULL::VARCHAR AS stop_reason,
    NULL::BIGINT AS clock_offset_seconds,
    NULL::BIGINT AS readings,
    []::VARCHAR[] AS faults,
    'import' AS origin,
    received_at AS last_received_at
FROM newest
LEFT JOIN registry.pseudonyms AS pseudonyms ON pseudonyms.id_token = newest.id_token
LEFT JOIN connector_ratings AS rating
    ON rating.station_id = newest.station_id
    AND rating.evse_id = newest.evse_id
    AND rating.connector_id IS NOT DISTINCT FROM newest.connector_id
WHERE NOT is_taken_back
