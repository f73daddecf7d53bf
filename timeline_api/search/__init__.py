"""Full-text search: what people type, the index, and the SQL that asks it."""
