SELECT content FROM billing.documents WHERE document_id = $document_id
