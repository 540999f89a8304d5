SELECT
    item.owner_id,
    item.document_id,
    document.kind,
    document.month,
    item.amount,
    document.currency,
    item.end_to_end_id,
    item.state,
    item.returned_on
FROM billing.owner_payout_items AS item
JOIN billing.owner_documents AS document USING (document_id)
WHERE item.payout_id = $payout_id
ORDER BY item.owner_id, document.month, item.document_id
