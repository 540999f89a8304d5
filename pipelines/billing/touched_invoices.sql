-- Invoices whose CDRs changed, came or went.
SELECT DISTINCT
    concat_ws('-', contract_id, strftime(local_date, '%Y-%m'), currency) AS invoice_id,
    contract_id,
    CAST(date_trunc('month', local_date) AS DATE) AS month,
    currency
FROM changed_cdrs
WHERE contract_id IS NOT NULL
