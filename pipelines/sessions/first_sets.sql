-- One set of each layout that has just been read and is not known yet.
WITH firsts AS (
    SELECT layout_id, min(seq) AS seq FROM written_readings ANTI JOIN known_layouts USING (layout_id) GROUP BY layout_id
)
SELECT layout_id, collector_id, seq, set_no
FROM written_readings
JOIN firsts USING (layout_id, seq)
QUALIFY row_number() OVER (PARTITION BY layout_id ORDER BY collector_id, set_no) = 1
