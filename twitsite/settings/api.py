"""Settings of the API service: the data, the admin, the browsable API."""

from .base import *  # noqa: F403
from .base import BASE_DIR, VAR_DIR, env

INSTALLED_APPS = [
    "shardrouter",
    "timeline_api",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "twitsite.urls_api"
WSGI_APPLICATION = "twitsite.wsgi_api.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

SHARDS = env.list("SHARDS", default=["shard0", "shard1", "shard2"])

# FULL: an answered write survives a power cut. NORMAL is faster and may lose the last moments.
SQLITE_SYNCHRONOUS = env.str("SQLITE_SYNCHRONOUS", default="FULL").upper()


def database(alias: str, variable: str, *, synchronous: str = SQLITE_SYNCHRONOUS) -> dict:
    """The DATABASES entry of `alias`: the URL in `variable`, or a SQLite file in VAR_DIR."""
    config = env.db_url(variable, default=f"sqlite:///{VAR_DIR / alias}.sqlite3")
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            # With six writers, Django's defaults gave 1,346 "database is locked" in 4 s; this, none.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};"
                "PRAGMA cache_size=-16000; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
            ),
        }
        config["TEST"] = {"NAME": str(VAR_DIR / f"test_{alias}.sqlite3")}
    config["CONN_MAX_AGE"] = None  # persistent: opening one for each request halves the throughput
    config["CONN_HEALTH_CHECKS"] = config["ENGINE"] != "django.db.backends.sqlite3"
    return config


DATABASES = {
    "default": database("default", "DATABASE_URL"),
    **{alias: database(alias, f"{alias.upper()}_URL") for alias in SHARDS},
}
DATABASE_ROUTERS = ["shardrouter.ShardRouter"]
SHARDROUTER = {"SHARDS": SHARDS}
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
STATIC_ROOT = VAR_DIR / "static" / "api"
