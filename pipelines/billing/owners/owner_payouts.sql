-- Statements of one operator's sites for one month, with the owner as the state database knows him.
SELECT
    statement.owner_id,
    statement.currency,
    any_value(owner.owner_id) IS NOT NULL AS is_known,
    any_value(owner.name) AS name,
    any_value(owner.iban) AS iban,
    list(statement.owner_contract_id ORDER BY statement.owner_contract_id) AS statements,
    CAST(sum(statement.total_incl_vat) AS DECIMAL(18, 4)) AS amount
FROM billing.owner_statements AS statement
JOIN registry.sites AS site USING (site_id)
LEFT JOIN registry.site_owners AS owner ON owner.owner_id = statement.owner_id
WHERE site.operator_id = $operator_id AND statement.month = $month
GROUP BY statement.owner_id, statement.currency
HAVING sum(statement.total_incl_vat) <> 0
ORDER BY statement.owner_id, statement.currency
