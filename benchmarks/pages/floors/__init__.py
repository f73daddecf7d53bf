"""Floors: what the frameworks cost with nothing in them, and our page without its data."""
