"""Counters of the rate limits. Losing them is harmless."""

from django.db import models


class ThrottleCount(models.Model):
    """How often a client did one thing in the current window. Lives on the alias `cache`."""

    key = models.CharField(max_length=80, primary_key=True)
    count = models.PositiveIntegerField()
    # Unix time in whole seconds. The index is for deleting expired counters.
    expires_at = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"
