SELECT
    month,
    currency,
    count(*) AS invoices,
    sum(sessions)::BIGINT AS sessions,
    sum(total_excl_vat) AS total_excl_vat,
    sum(total_incl_vat) AS total_incl_vat
FROM billing.invoices
GROUP BY month, currency
ORDER BY month DESC, currency
