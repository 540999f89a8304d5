-- Owners of the operator's sites whose statement of the month is still to be issued, or says something else by now.
SELECT DISTINCT owner_id
FROM billing.owner_dues
WHERE operator_id = $operator AND month = CAST($month AS DATE) AND status <> 'issued'
ORDER BY owner_id
