-- Lines of sessions beside the totals of the invoices and drafts that they stand on: the rest is fees and what plans
-- include. Of one invoice all lines sum to its total.
WITH sums AS (
    SELECT
        invoice_id,
        sum(amount_excl_vat) AS amount
    FROM month_lines
    WHERE is_of_the_month
    GROUP BY invoice_id
),
invoices AS (
    SELECT invoice_id, currency, total_excl_vat, coalesce(sums.amount, 0) AS amount
    FROM billing.invoices
    LEFT JOIN sums USING (invoice_id)
    WHERE operator_id = $operator AND month = CAST($month AS DATE)
),
kinds AS (
    SELECT
        CASE WHEN kind <> 'session' THEN kind END AS reason,
        currency,
        CASE WHEN kind = 'session' THEN amount_excl_vat ELSE 0 END AS left_amount,
        amount_excl_vat AS right_amount,
        invoice_id
    FROM month_lines
    WHERE is_of_the_month
    UNION ALL
    SELECT 'lines_do_not_sum', currency, 0, total_excl_vat - amount, invoice_id
    FROM invoices
    WHERE total_excl_vat <> amount
)
SELECT
    CAST(NULL AS VARCHAR) AS site_id,
    currency AS unit,
    reason,
    reason IS DISTINCT FROM 'lines_do_not_sum' AS explained,
    sum(left_amount) AS left_sum,
    sum(right_amount) AS right_sum,
    count(*) AS entries,
    list_sort(min(DISTINCT invoice_id, 20)) AS ids
FROM kinds
GROUP BY ALL
