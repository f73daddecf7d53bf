"""Settings of "notes": a small project of another team that takes shardrouter as it is."""

import os
import tempfile

SECRET_KEY = "tests-only"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "shardrouter",
    "tests.notes.notebook",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
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
ROOT_URLCONF = "tests.notes.urls"
STATIC_URL = "static/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_DIRECTORY = os.environ.get("VAR_DIR") or os.path.join(tempfile.gettempdir(), "notes-tests")
os.makedirs(_DIRECTORY, exist_ok=True)


def _database(alias: str) -> dict:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.path.join(_DIRECTORY, f"{alias}.sqlite3"),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        },
        "TEST": {"NAME": os.path.join(_DIRECTORY, f"test_{alias}.sqlite3")},
    }


# From here on as the page of public names has it.
DATABASES = {alias: _database(alias) for alias in ["default", "shard0", "shard1", "shard2"]}
DATABASE_ROUTERS = ["shardrouter.ShardRouter"]
SHARDROUTER = {"SHARDS": ["shard0", "shard1", "shard2"]}
