SELECT
    verdict,
    currency,
    count(*) AS cdrs,
    sum(sent_excl_vat) AS sent_excl_vat,
    sum(priced_excl_vat) AS priced_excl_vat,
    sum(difference_excl_vat) AS difference_excl_vat
FROM billing.received_cdrs
GROUP BY verdict, currency
ORDER BY verdict <> 'refused', verdict <> 'differs', verdict <> 'not_priceable', currency
