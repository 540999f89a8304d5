"""Parts of the pages that act through the HTTP API."""
