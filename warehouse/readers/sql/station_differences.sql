-- Where stations and the registry do not agree: one row a difference. What the registry leaves open, or what a station
-- has never told, is none.
WITH stations AS (
    SELECT station_id, site_id, vendor, model, serial_number, firmware
    FROM registry.stations
    WHERE $station_id IS NULL OR station_id = $station_id
),
reports AS (
    SELECT * FROM core.station_reports SEMI JOIN stations USING (station_id)
),
named AS (
    -- By status notifications. While a station is away its state is proved by no frame of its own.
    SELECT
        station_id, evse_id, connector_id,
        max_by(
            {'reported': state, 'reported_at': from_at, 'action': 'StatusNotification', 'collector_id': collector_id,
             'seq': seq},
            (state <> 'offline', from_at)
        ) AS word
    FROM core.connector_states
    SEMI JOIN stations USING (station_id)
    GROUP BY ALL
    UNION ALL
    -- By reports of OCPP 2.x.
    SELECT
        station_id, evse_id, connector_id,
        {'reported': 'present', 'reported_at': reported_at, 'action': action, 'collector_id': collector_id, 'seq': seq}
    FROM reports
    WHERE fact = 'present' AND connector_id > 0
),
heard AS (
    SELECT station_id, evse_id, connector_id, unnest(word)
    FROM (
        SELECT station_id, evse_id, connector_id, max_by(word, (word.reported_at, word.action)) AS word
        FROM named
        GROUP BY ALL
    )
),
last_words AS (
    SELECT station_id, max(reported_at) AS last_word_at FROM heard GROUP BY station_id
),
in_service AS (
    SELECT
        station_id, evse_id, connector_id, max(rated_power_w) AS rated_power_w, any_value(standard) AS standard
    FROM registry.connectors
    SEMI JOIN stations USING (station_id)
    LEFT JOIN last_words USING (station_id)
    WHERE in_service_to IS NULL OR in_service_to > last_word_at
    GROUP BY station_id, evse_id, connector_id
),
declared AS (
    SELECT station_id, unnest(['vendor', 'model', 'serial_number', 'firmware']) AS fact,
           unnest([vendor, model, serial_number, firmware]) AS registered
    FROM stations
),
of_stations AS (
    SELECT reports.*, declared.registered
    FROM reports
    JOIN declared USING (station_id, fact)
    -- Of names nobody keeps the case: a firmware is what it is.
    WHERE evse_id = 0
      AND CASE fact WHEN 'firmware' THEN trim(registered) <> value ELSE lower(trim(registered)) <> lower(value) END
),
counted AS (
    SELECT reports.*, CAST(connectors AS VARCHAR) AS registered
    FROM reports
    JOIN (SELECT station_id, count(*) AS connectors FROM in_service GROUP BY station_id) USING (station_id)
    WHERE fact = 'number_of_connectors' AND value <> CAST(connectors AS VARCHAR)
),
not_registered AS (
    SELECT heard.* FROM heard ANTI JOIN in_service USING (station_id, evse_id, connector_id)
),
never_heard AS (
    -- Only of stations that name their connectors at all; one that sold energy is there, whatever its station names.
    SELECT in_service.*
    FROM in_service
    SEMI JOIN heard USING (station_id)
    ANTI JOIN heard USING (station_id, evse_id, connector_id)
    ANTI JOIN core.sessions USING (station_id, evse_id, connector_id)
),
powers AS (
    SELECT reports.*, CAST(rated_power_w AS VARCHAR) AS registered
    FROM reports
    JOIN (
        SELECT station_id, evse_id, max(rated_power_w) AS rated_power_w FROM in_service GROUP BY station_id, evse_id
    ) USING (station_id, evse_id)
    -- 3 × 32 A × 230 V is 22,080 W and sold as 22 kW.
    WHERE fact = 'greatest_power_w' AND abs(CAST(value AS BIGINT) - rated_power_w) > 0.02 * rated_power_w
),
-- ConnectorEnumType of OCPP 2.0.1 and ConnectorType of OCPI, where one means the other.
standards (connector_type, standard) AS (
    VALUES
        ('ccs1', 'IEC_62196_T1_COMBO'), ('ccs2', 'IEC_62196_T2_COMBO'), ('g105', 'CHADEMO'), ('tesla', 'TESLA_S'),
        ('type1', 'IEC_62196_T1'), ('type2', 'IEC_62196_T2'), ('chaoji', 'CHAOJI'), ('bs1361', 'DOMESTIC_G')
),
plugs AS (
    SELECT reports.*, in_service.standard AS registered
    FROM reports
    JOIN in_service USING (station_id, evse_id, connector_id)
    -- Before the name stands c for a cable, s for a socket.
    JOIN standards ON standards.connector_type = lower(substr(value, 2))
    WHERE fact = 'connector_type' AND in_service.standard <> standards.standard
),
differences AS (
    SELECT
        station_id, evse_id, connector_id, fact AS difference, value AS reported, registered, reported_at, action,
        collector_id, seq
    FROM (FROM of_stations UNION ALL FROM counted UNION ALL FROM powers UNION ALL FROM plugs)
    UNION ALL
    SELECT
        station_id, evse_id, connector_id, 'connector_not_registered', reported, NULL, reported_at, action,
        collector_id, seq
    FROM not_registered
    UNION ALL
    SELECT
        station_id, evse_id, connector_id, 'connector_never_heard', NULL,
        concat_ws(', ', standard, rated_power_w || ' W'), NULL, NULL, NULL, NULL
    FROM never_heard
)
SELECT
    differences.station_id,
    stations.site_id,
    nullif(evse_id, 0) AS evse_id,
    nullif(connector_id, 0) AS connector_id,
    * EXCLUDE (station_id, site_id, evse_id, connector_id, vendor, model, serial_number, firmware)
FROM differences
JOIN stations USING (station_id)
ORDER BY differences.station_id, differences.evse_id, differences.connector_id, difference
