"""Prepared queries: a queryset written once, compiled once, and run with each call's arguments."""

from .functions import Explanation, PreparedQuery, prepared

__all__ = ["Explanation", "PreparedQuery", "prepared"]
