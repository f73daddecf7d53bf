"""Views: one file per noun. Thin: reads are selectors, writes are services."""
