-- Starts of OCPP 1.6 among `told_calls`, and the transaction that the answer to them names. Message ids restart with a
-- station's boot, so an answer belongs to the last start before it that had its id.
SELECT
    starts.collector_id, starts.seq,
    min(answers.seq) AS answer_seq,
    arg_min(answers.transaction_id, answers.seq) AS transaction_id
FROM (SELECT collector_id, station_id, message_id, seq, transaction_id FROM told_calls WHERE event = 'answer') AS answers
ASOF JOIN (SELECT collector_id, station_id, message_id, seq FROM told_calls WHERE event = 'started') AS starts
    ON answers.collector_id = starts.collector_id
    AND answers.station_id = starts.station_id
    AND answers.message_id = starts.message_id
    AND answers.seq >= starts.seq
GROUP BY ALL
