"""Counters of the rate limits. They may be lost."""

from django.db import models


class ThrottleCount(models.Model):
    """How often one did one thing in the window that is running. Lives on the alias `cache`."""

    key = models.CharField(max_length=80, primary_key=True)
    count = models.PositiveIntegerField()
    # Unix time in whole seconds; by this index the expired are deleted.
    expires_at = models.BigIntegerField(db_index=True)

    def __str__(self):
        return f"{self.key}: {self.count}"
