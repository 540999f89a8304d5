-- One row a fact of which there is a new word: the newest, whichever came first. Of two in one frame the greater one,
-- so that the order of reading does not matter.
WITH facts AS (
    SELECT DISTINCT station_id, evse_id, connector_id, fact FROM new_reports
),
told AS (
    SELECT * FROM new_reports
    UNION ALL BY NAME
    SELECT * FROM known_reports SEMI JOIN facts USING (station_id, evse_id, connector_id, fact)
)
SELECT *
FROM told
QUALIFY row_number() OVER (
    PARTITION BY station_id, evse_id, connector_id, fact
    ORDER BY reported_at DESC, collector_id DESC, seq DESC, value DESC
) = 1
