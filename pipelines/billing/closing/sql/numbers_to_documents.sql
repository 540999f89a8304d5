-- Numbers given in each series beside the documents that bear them: none is missing. Owners' statements have series of
-- their own and are issued when the month is closed: they would make it look changed.
WITH given AS (
    SELECT series, unnest(range(1, next_serial)) AS serial
    FROM billing.number_series
    WHERE operator_id = $operator AND series NOT IN (SELECT series FROM billing.owner_documents)
),
documents AS (
    SELECT series, serial, document_id FROM billing.documents WHERE operator_id = $operator
),
joined AS (
    SELECT
        coalesce(document_id, series || ' ' || serial) AS document_id,
        CAST(given.serial IS NOT NULL AS INTEGER) AS is_given,
        CAST(document_id IS NOT NULL AS INTEGER) AS is_there
    FROM given
    FULL JOIN documents USING (series, serial)
)
SELECT
    CAST(NULL AS VARCHAR) AS site_id,
    'documents' AS unit,
    CASE WHEN is_given > is_there THEN 'number_is_missing' WHEN is_given < is_there THEN 'number_not_given' END AS reason,
    is_given = is_there AS explained,
    CAST(sum(is_given) AS BIGINT) AS left_sum,
    CAST(sum(is_there) AS BIGINT) AS right_sum,
    count(*) AS entries,
    min(document_id, 20) AS ids
FROM joined
GROUP BY reason, explained
