-- VAT per rate on the sum of a document's lines (EN 16931 BR-CO-17). Where lines of one rate lie in several countries, a
-- running total is rounded, never a part: the parts sum to the whole.
WITH nets AS (
    SELECT
        lines.document_id,
        documents.currency,
        coalesce(sites.country_code, operators.country_code, '') AS country_code,
        lines.vat_percent,
        sum(lines.amount_excl_vat) AS net
    FROM billing.document_lines AS lines
    JOIN billing.documents AS documents USING (document_id)
    LEFT JOIN registry.sites AS sites ON sites.site_id = lines.site_id
    LEFT JOIN registry.operators AS operators ON operators.operator_id = documents.operator_id
    WHERE lines.vat_percent IS NOT NULL
    GROUP BY ALL
),
running AS (
    SELECT *, sum(net) OVER (PARTITION BY document_id, vat_percent ORDER BY country_code) AS so_far FROM nets
)
SELECT
    document_id,
    country_code,
    vat_percent,
    CAST(net AS DECIMAL(18, 4)) AS net,
    CAST(
        vat_of(so_far, vat_percent, currency) - vat_of(so_far - net, vat_percent, currency) AS DECIMAL(18, 4)
    ) AS vat
FROM running
