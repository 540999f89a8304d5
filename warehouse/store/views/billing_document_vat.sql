-- VAT per rate on the sum of a document's lines (EN 16931 BR-CO-17). Where lines of one rate lie in several countries, a
-- running total is rounded, never a part: the parts sum to the whole. Within an Indian state a rate is two taxes, CGST
-- and SGST, each half of it and each rounded by itself.
WITH nets AS (
    SELECT
        lines.document_id,
        documents.currency,
        coalesce(sites.country_code, operators.country_code, '') AS country_code,
        lines.vat_percent,
        CASE
            WHEN operators.country_code = 'IN'
                THEN coalesce(
                    json_extract_string(documents.content, '$.place_of_supply')
                    = json_extract_string(documents.content, '$.seller.state_code'),
                    false
                )
            ELSE false
        END AS is_halved,
        -- A document has one category at each rate.
        any_value(coalesce(lines.tax_category, CASE WHEN lines.vat_percent = 0 THEN 'Z' ELSE 'S' END)) AS tax_category,
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
    tax_category,
    CAST(net AS DECIMAL(18, 4)) AS net,
    CAST(
        CASE
            WHEN is_halved
                THEN 2 * (
                    vat_of(so_far, CAST(vat_percent * 0.5 AS DECIMAL(7, 4)), currency)
                    - vat_of(so_far - net, CAST(vat_percent * 0.5 AS DECIMAL(7, 4)), currency)
                )
            ELSE vat_of(so_far, vat_percent, currency) - vat_of(so_far - net, vat_percent, currency)
        END AS DECIMAL(18, 4)
    ) AS vat
FROM running
