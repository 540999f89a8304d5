SELECT content FROM billing.documents WHERE document_id = $document_id
UNION ALL
SELECT content FROM billing.owner_documents WHERE document_id = $document_id
