"""The forum on one database."""

import os
from pathlib import Path

from tests.shardrouter.settings import MIDDLEWARE, TEMPLATES  # noqa: F401 for the admin's log

SECRET_KEY = "tests-only"
USE_TZ = True
# As projects have it that are older than Django 3.2.
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
INSTALLED_APPS = [
    "tests.adoption.before.apps.ForumConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def database(alias: str) -> dict:
    """One of the databases of a run: a file in VAR_DIR, or a database named VAR_DIR's last part."""
    folder = Path(os.environ["VAR_DIR"])
    if "PGHOST" in os.environ and alias not in os.environ.get("ON_SQLITE", "").split():
        server = {name: os.environ[f"PG{name}"] for name in ("HOST", "PORT", "USER")}
        name = f"{folder.name}_{alias}"
        return {"ENGINE": "django.db.backends.postgresql", "NAME": name, **server}
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / f"{alias}.sqlite3"),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        },
    }


DATABASES = {"default": database("default")}
