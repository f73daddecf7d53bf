"""Full-text search: what people type, and the index that is asked."""
