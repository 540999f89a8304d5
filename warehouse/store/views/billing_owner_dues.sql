-- Months of owners, as the data say now, beside the statements that stand. What lines say is hashed as they are printed:
-- revenue counts only where the owner has a share of it.
WITH said AS (
    SELECT
        site.operator_id,
        statement.owner_id,
        statement.month,
        statement.currency,
        CAST(sum(statement.total_excl_vat) AS DECIMAL(18, 4)) AS total_excl_vat,
        md5(string_agg(
            concat_ws(
                '|',
                statement.owner_contract_id,
                statement.site_id,
                statement.share_percent,
                CASE WHEN statement.share_percent > 0 THEN statement.revenue_excl_vat END,
                CASE WHEN statement.share_percent > 0 THEN statement.energy_wh END,
                statement.share,
                statement.rent,
                coalesce(CAST(statement.vat_percent AS VARCHAR), '-')
            ),
            ';' ORDER BY statement.owner_contract_id
        )) AS lines_hash
    FROM billing.owner_statements AS statement
    JOIN registry.sites AS site USING (site_id)
    GROUP BY ALL
    HAVING sum(statement.total_excl_vat) <> 0
),
standing AS (
    SELECT operator_id, owner_id, month, currency, document_id, lines_hash AS standing_hash
    FROM billing.owner_documents
    WHERE kind = 'statement' AND status = 'issued'
)
SELECT
    operator_id,
    owner_id,
    month,
    currency,
    CASE
        WHEN document_id IS NULL THEN 'draft'
        WHEN lines_hash IS NULL THEN 'gone'
        WHEN lines_hash <> standing_hash THEN 'changed'
        ELSE 'issued'
    END AS status,
    coalesce(total_excl_vat, CAST(0 AS DECIMAL(18, 4))) AS total_excl_vat,
    document_id,
    lines_hash
FROM said
FULL JOIN standing USING (operator_id, owner_id, month, currency)
