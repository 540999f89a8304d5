-- One row a new BootNotification. OCPP 1.6 and 2.x differ in names only, so one structure reads both.
WITH frames AS (
    SELECT
        collector_id, seq, connection_id, station_id, ocpp_version, received_at,
        CASE WHEN json_valid(payload) THEN from_json(payload, '{
            "chargePointVendor": "VARCHAR", "chargePointModel": "VARCHAR", "firmwareVersion": "VARCHAR",
            "chargePointSerialNumber": "VARCHAR", "chargeBoxSerialNumber": "VARCHAR", "reason": "VARCHAR",
            "chargingStation": {"vendorName": "VARCHAR", "model": "VARCHAR", "firmwareVersion": "VARCHAR",
                                "serialNumber": "VARCHAR"}
        }') END AS body
    FROM new_messages
    WHERE direction = 'in' AND message_type IN (2, 6) AND action = 'BootNotification'
),
told AS (
    SELECT
        * EXCLUDE (body),
        coalesce(body.chargingStation.vendorName, body.chargePointVendor) AS vendor,
        coalesce(body.chargingStation.model, body.chargePointModel) AS model,
        coalesce(body.chargingStation.firmwareVersion, body.firmwareVersion) AS firmware,
        -- 1.6 deprecates the box's number; stations still send either.
        coalesce(body.chargingStation.serialNumber, body.chargePointSerialNumber, body.chargeBoxSerialNumber)
            AS serial_number,
        body.reason AS boot_reason
    FROM frames
)
SELECT
    collector_id, seq, connection_id, station_id, ocpp_version, received_at,
    -- Some pad with NUL or end with a line end; PostgreSQL keeps no NUL.
    coalesce(trim(regexp_replace(vendor, '[[:cntrl:]]', '', 'g')), '') AS vendor,
    coalesce(trim(regexp_replace(model, '[[:cntrl:]]', '', 'g')), '') AS model,
    coalesce(trim(regexp_replace(firmware, '[[:cntrl:]]', '', 'g')), '') AS firmware,
    nullif(trim(regexp_replace(serial_number, '[[:cntrl:]]', '', 'g')), '') AS serial_number,
    nullif(trim(regexp_replace(boot_reason, '[[:cntrl:]]', '', 'g')), '') AS boot_reason
FROM told
