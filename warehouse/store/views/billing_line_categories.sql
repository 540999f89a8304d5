-- The VAT category of each line of an issued document, as the document says it: its lines stand in their order.
WITH told AS (
    SELECT document_id, json_extract_string(content, '$.lines[*].tax_category') AS categories
    FROM billing.documents
)
SELECT
    document_id,
    CAST(generate_subscripts(categories, 1) AS INTEGER) AS line_no,
    unnest(categories) AS vat_category
FROM told
