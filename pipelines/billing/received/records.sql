-- Records of CDRs whose identity is new or told again, or whose place in the registry has changed, with all others of the
-- same identity. A credit CDR is kept under the CDR that it takes back: its own identity stands in its document.
WITH told AS (
    SELECT
        *,
        CASE
            WHEN kind = 'ocpi_cdr' THEN external_session_id
            WHEN json_valid(document) THEN concat_ws(
                '*', upper(document ->> '$.country_code'), upper(document ->> '$.party_id'), document ->> '$.id'
            )
            ELSE external_session_id || '*' || md5(document)
        END AS identity
    FROM all_session_records
    WHERE kind <> 'session'
),
changed_places AS (
    SELECT table_name, CAST(row_key AS JSON) ->> 0 AS key
    FROM new_registry_history
    WHERE table_name IN ('stations', 'sites')
),
placed AS (
    SELECT
        told.*,
        coalesce(stations.site_id, named_sites.site_id) AS known_site_id,
        coalesce(own_sites.time_zone, named_sites.time_zone) AS time_zone
    FROM told
    LEFT JOIN registry_stations AS stations USING (station_id)
    LEFT JOIN registry_sites AS own_sites ON own_sites.site_id = stations.site_id
    LEFT JOIN registry_sites AS named_sites ON named_sites.site_id = told.site_id AND stations.site_id IS NULL
),
touched AS (
    SELECT identity FROM told SEMI JOIN new_session_records USING (collector_id, seq)
    UNION
    SELECT identity
    FROM placed
    WHERE station_id IN (SELECT key FROM changed_places WHERE table_name = 'stations')
        OR coalesce(known_site_id, site_id) IN (SELECT key FROM changed_places WHERE table_name = 'sites')
)
SELECT
    identity,
    kind = 'ocpi_credit' AS is_credit,
    CASE WHEN kind = 'ocpi_credit' THEN external_session_id END AS credit_reference_id,
    station_id,
    known_site_id AS site_id,
    time_zone,
    started_at,
    ended_at,
    energy_wh,
    source,
    document,
    received_at,
    collector_id,
    seq,
    dense_rank() OVER (ORDER BY identity) // $at_once AS batch_no
FROM placed
SEMI JOIN touched USING (identity)
