SELECT DISTINCT month
FROM billing.invoices
WHERE month BETWEEN date_trunc('month', $first::DATE) AND $last
ORDER BY month DESC
