SELECT content FROM billing.owner_documents WHERE document_id = $document_id
