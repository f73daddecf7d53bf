"""The password hasher. Not the rules for passwords: those are in settings."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class OwaspArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's minimum (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.

    Django's own parameters take 100 MiB a hash: eight logins at once would take 800 MiB.
    """

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1
