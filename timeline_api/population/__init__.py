"""Populations: invented members, what they write and whom they follow. Deterministic by seed."""
