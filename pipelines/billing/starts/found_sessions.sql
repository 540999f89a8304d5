-- The session of each start that has none, or whose session is another by now (late data can give it another id): begun
-- with its token at its station, nearest in time. The transaction that the collector told of decides, where it told.
WITH wanting AS (
    SELECT starts.*, pseudonyms.pseudonym
    FROM access.starts AS starts
    LEFT JOIN registry.pseudonyms AS pseudonyms USING (id_token)
    WHERE starts.command_at IS NOT NULL
        AND (starts.session_id IS NULL OR starts.session_id NOT IN (SELECT session_id FROM core.sessions))
),
fitting AS (
    SELECT
        wanting.start_id,
        wanting.payment_id,
        sessions.session_id,
        abs(epoch(sessions.started_at - wanting.command_at)) AS seconds_apart
    FROM wanting
    JOIN core.sessions AS sessions
        ON sessions.station_id = wanting.station_id
        AND sessions.started_at >= wanting.made_at - INTERVAL 1 HOUR
        AND sessions.started_at < wanting.made_at + INTERVAL 1 DAY
        AND CASE
            WHEN wanting.transaction_id IS NULL THEN sessions.id_token = wanting.pseudonym
            ELSE sessions.transaction_id = wanting.transaction_id
        END
    WHERE sessions.session_id NOT IN (SELECT session_id FROM access.starts WHERE session_id IS NOT NULL)
)
SELECT start_id, payment_id, session_id
FROM fitting
QUALIFY row_number() OVER (PARTITION BY start_id ORDER BY seconds_apart, session_id) = 1
    AND row_number() OVER (PARTITION BY session_id ORDER BY seconds_apart, start_id) = 1
ORDER BY start_id
