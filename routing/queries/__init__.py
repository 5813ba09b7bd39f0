"""What the pages and the services read; no query writes."""
