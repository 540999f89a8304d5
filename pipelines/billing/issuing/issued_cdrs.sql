-- CDRs that leave the house with the documents to be issued, and credit CDRs for those that stand, are no longer what
-- their session says, and are on no invoice but those that are taken back now: whether their payer has anything to be
-- billed or not. Of a credit CDR only the costs are negative: its energy stays as it was.
-- A CDR that was taken back and holds again (late data came, and were themselves corrected) leaves anew, with another id.
-- With it goes what is known then of its tariff and its place, so that what was told can be told again.
WITH leaving AS (
    SELECT DISTINCT unnest($cdr_ids) AS cdr_id
),
told AS (
    SELECT
        cdr_id,
        count(*) FILTER (WHERE kind = 'cdr') AS times,
        count(*) FILTER (WHERE kind = 'cdr') > count(*) FILTER (WHERE kind = 'credit') AS stands
    FROM billing.issued_cdrs
    GROUP BY cdr_id
),
-- What stands on other invoices is taken back with them.
billed AS (
    SELECT lines.cdr_id
    FROM billing.document_lines AS lines
    JOIN billing.documents AS documents USING (document_id)
    WHERE documents.kind = 'invoice'
        AND documents.status = 'issued'
        AND lines.cdr_id IS NOT NULL
        AND NOT list_contains(CAST($draft_ids AS VARCHAR[]), documents.draft_id)
),
tariffs AS (
    SELECT
        entry ->> 'tariff_id' AS tariff_id,
        CAST(entry ->> 'version' AS INTEGER) AS tariff_version,
        -- What is JSON itself goes as text: its numbers must not be read as floats on the way.
        CAST(json_object(
            'elements', entry ->> 'elements',
            'min_price', entry ->> 'min_price',
            'max_price', entry ->> 'max_price',
            'tax_included', entry ->> 'tax_included',
            'type', entry ->> 'tariff_type',
            'valid_from', entry ->> 'valid_from',
            'valid_to', entry ->> 'valid_to',
            'changed_at', epoch_us(changed_at)
        ) AS VARCHAR) AS tariff
    FROM registry_rows
    WHERE table_name = 'tariffs'
),
plugs AS (
    SELECT
        sessions.session_id,
        sessions.evse_id,
        sessions.connector_id,
        connectors.standard AS connector_standard,
        -- Who charges with direct current brings no cable (IEC 61851-1, mode 4).
        coalesce(connectors.connector_format, CASE WHEN power_type = 'DC' THEN 'CABLE' END) AS connector_format,
        connectors.power_type
    FROM core.sessions AS sessions
    SEMI JOIN (SELECT session_id FROM billing.cdrs SEMI JOIN leaving USING (cdr_id)) AS told_of USING (session_id)
    LEFT JOIN registry_connectors AS connectors
        ON connectors.station_id = sessions.station_id
        AND connectors.evse_id = sessions.evse_id
        AND connectors.connector_id = sessions.connector_id
        AND sessions.started_at >= connectors.in_service_from
        AND sessions.started_at < coalesce(connectors.in_service_to, 'infinity')
    QUALIFY row_number() OVER (PARTITION BY sessions.session_id ORDER BY connectors.in_service_from DESC) = 1
),
places AS (
    SELECT
        site_id,
        name AS site_name,
        address,
        city,
        post_code,
        country_code AS site_country_code,
        latitude,
        longitude
    FROM registry_sites
)
SELECT
    cdr_id || CASE WHEN times > 0 THEN '-' || (times + 1) ELSE '' END AS issued_cdr_id,
    'cdr' AS kind,
    CAST(NULL AS VARCHAR) AS credit_reference_id,
    CAST($issued_at AS TIMESTAMPTZ) AS issued_at,
    cdrs.*,
    tariff,
    plugs.* EXCLUDE (session_id),
    places.* EXCLUDE (site_id),
    CAST(NULL AS VARCHAR) AS signed_data
FROM billing.cdrs AS cdrs
SEMI JOIN leaving USING (cdr_id)
LEFT JOIN told USING (cdr_id)
LEFT JOIN tariffs USING (tariff_id, tariff_version)
LEFT JOIN plugs USING (session_id)
LEFT JOIN places USING (site_id)
WHERE NOT coalesce(stands, false)
UNION ALL BY NAME
SELECT
    issued_cdr_id || '-C' AS issued_cdr_id,
    'credit' AS kind,
    issued_cdr_id AS credit_reference_id,
    CAST($issued_at AS TIMESTAMPTZ) AS issued_at,
    issued.* EXCLUDE (issued_cdr_id, kind, credit_reference_id, issued_at)
        REPLACE (-total_excl_vat AS total_excl_vat, -total_incl_vat AS total_incl_vat)
FROM billing.issued_cdrs AS issued
JOIN told USING (cdr_id)
ANTI JOIN billing.cdrs USING (cdr_id)
ANTI JOIN billing.issued_cdrs AS credits ON credits.credit_reference_id = issued.issued_cdr_id
WHERE kind = 'cdr'
    AND stands
    AND cdr_id NOT IN (FROM billed)
    AND (
        $operator_id IS NULL
        OR site_id IN (SELECT site_id FROM registry_sites WHERE operator_id = $operator_id)
        OR list_contains(CAST($contract_ids AS VARCHAR[]), coalesce(contract_id, $ad_hoc || session_id))
    )
