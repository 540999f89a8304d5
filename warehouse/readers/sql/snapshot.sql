-- Decisions and documents stand in the state database and make no snapshot: their number tells when one was added.
SELECT
    id AS snapshot_id,
    (SELECT count(*) FROM registry.session_decisions) + (SELECT count(*) FROM billing.documents)
    + (SELECT count(*) FROM billing.owner_documents)
    + (SELECT count(*) + count(returned_on) FROM billing.owner_payout_items) AS decisions
FROM ducklake_current_snapshot('lake')
