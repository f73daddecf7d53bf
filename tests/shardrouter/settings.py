"""Settings of shardrouter's own tests: the library alone, on three SQLite shards."""

import os
import tempfile

SECRET_KEY = "tests-only"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "shardrouter",
    "tests.shardrouter.app",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "tests.shardrouter.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_DIRECTORY = os.environ.get("VAR_DIR") or os.path.join(tempfile.gettempdir(), "shardrouter-tests")
os.makedirs(_DIRECTORY, exist_ok=True)


def database(alias: str) -> dict:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.path.join(_DIRECTORY, f"{alias}.sqlite3"),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        },
        "TEST": {"NAME": os.path.join(_DIRECTORY, f"test_{alias}.sqlite3")},
    }


SHARDS = ["shard0", "shard1", "shard2"]
# "whole" is the one big database that the oracle tests compare the shards with.
DATABASES = {alias: database(alias) for alias in ["default", *SHARDS, "whole"]}
DATABASE_ROUTERS = ["tests.shardrouter.app.routers.WholeRouter", "shardrouter.ShardRouter"]
SHARDROUTER = {"SHARDS": SHARDS, "CONTENT_TYPES_ON_SHARDS": True}
