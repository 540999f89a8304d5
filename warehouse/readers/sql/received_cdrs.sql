SELECT * FROM billing.received_cdrs
WHERE $verdicts IS NULL OR list_contains($verdicts, verdict)
ORDER BY verdict <> 'refused', verdict <> 'differs', started_at, received_cdr_id, version_no
