"""Settings of the API service: the data, the admin, the browsable API."""

import sys
from ipaddress import ip_network
from typing import Any
from urllib.parse import quote

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403
from .base import (
    BASE_DIR,
    DEBUG,
    INSTANCE_NAME,
    LOG_LEVEL,
    VAR_DIR,
    WEB_PORT,
    choice,
    count,
    env,
    flag,
)


def number(variable: str, default: float) -> float:
    """Return the number in `variable`. Raise ImproperlyConfigured if it is not one."""
    text = env.str(variable, default=str(default))
    try:
        return float(text)
    except ValueError:
        raise ImproperlyConfigured(f"{variable}={text!r} is not a number.") from None


def rate(variable: str, default: str) -> str | None:
    """Return a throttle rate such as "30/min", or None (no limit) if `variable` is empty."""
    text = env.str(variable, default=default).strip()
    count, slash, period = text.partition("/")
    if text and not (slash and count.isdigit() and period[:1] in ("s", "m", "h", "d")):
        raise ImproperlyConfigured(
            f"{variable}={text!r} is no rate. Write COUNT/PERIOD, as 30/min, "
            "with sec, min, hour or day; or leave it empty for no limit."
        )
    return text or None


INSTALLED_APPS = [
    "shardrouter",
    "timeline_api",
    "timeline_api.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_structlog",
]

MIDDLEWARE = [
    "timeline_api.http.middleware.IdentityMiddleware",  # first: every response gets its headers
    "timeline_api.http.middleware.MetricsMiddleware",
    "timeline_api.http.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "timeline_api.http.middleware.BodyLimitMiddleware",
    "timeline_api.http.browser_middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "timeline_api.http.middleware.SlashMiddleware",
    "timeline_api.http.browser_middleware.CsrfViewMiddleware",
    "timeline_api.http.browser_middleware.AuthenticationMiddleware",
    "timeline_api.http.browser_middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "timeline_api.http.browser_middleware.ContentSecurityPolicyMiddleware",
    "timeline_api.http.middleware.UnavailableMiddleware",
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

# --- Databases ---------------------------------------------------------------------------------

SHARDS = env.list("SHARDS", default=["shard0", "shard1", "shard2"])
if not SHARDS or len(set(SHARDS)) < len(SHARDS) or {"default", "cache"} & set(SHARDS):
    raise ImproperlyConfigured(
        f"SHARDS={','.join(SHARDS)!r}: name one shard or more, each once, as shard0,shard1,shard2; "
        "default and cache are taken."
    )

# FULL: an acknowledged write survives a power cut. NORMAL is faster, but may lose the last writes.
SQLITE_SYNCHRONOUS = choice("SQLITE_SYNCHRONOUS", "FULL", ("FULL", "NORMAL", "OFF", "EXTRA"))

# Seconds to wait for a locked SQLite file. An API instance must answer 503 within 2 s; for the
# relay and commands (populate, loaddata) waiting is better than failing.
SERVES = INSTANCE_NAME.startswith("api.")
# Processes that must not create a database file. Only `migrate` does, whatever INSTANCE_NAME is.
NEEDS_EXISTING_FILES = (SERVES or INSTANCE_NAME == "relay") and "migrate" not in sys.argv
SQLITE_BUSY_SECONDS = number("SQLITE_BUSY_SECONDS", 1.5 if SERVES else 20)


def database(alias: str, variable: str, *, synchronous: str = SQLITE_SYNCHRONOUS) -> dict:
    """Return the DATABASES entry of `alias`: the URL in `variable`, or a SQLite file in VAR_DIR."""
    config = env.db_url(variable, default=f"sqlite:///{VAR_DIR / alias}.sqlite3")
    engine = config.get("ENGINE", "").rpartition(".")[2]
    if engine not in ("sqlite3", "postgresql"):
        raise ImproperlyConfigured(
            f"{variable} is no database URL. Write postgres://USER:PASSWORD@HOST:5432/NAME "
            "or sqlite:////absolute/path."
        )
    sqlite = engine == "sqlite3"
    if sqlite:
        config["OPTIONS"] = {
            # Six writers: Django's defaults gave 1,346 "database is locked" in 4 s; this, none.
            "transaction_mode": "IMMEDIATE",
            "timeout": SQLITE_BUSY_SECONDS,
            # No larger cache and no mmap: at a million messages neither saved CPU on a home
            # timeline (2.9 ms), and they took 400 MB; mmap turns an I/O error into a SIGBUS.
            "init_command": (
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};"
                "PRAGMA temp_store=MEMORY;"
            ),
        }
        if NEEDS_EXISTING_FILES:
            # A missing file is an error. By default SQLite would create an empty one.
            config["NAME"] = f"file:{quote(str(config['NAME']))}?mode=rw"
        config["TEST"] = {"NAME": str(VAR_DIR / f"test_{alias}.sqlite3")}
    else:
        config.setdefault("OPTIONS", {}).setdefault("connect_timeout", 1)  # 503 within 2 s
    config["CONN_MAX_AGE"] = None  # persistent: opening one for each request halves the throughput
    config["CONN_HEALTH_CHECKS"] = not sqlite
    return config


DATABASES = {
    "default": database("default", "DATABASE_URL"),
    # Cached responses and throttle counts, which may be lost in a power cut.
    "cache": database("cache", "CACHE_DATABASE_URL", synchronous="OFF"),
    **{alias: database(alias, f"{alias.upper()}_URL") for alias in SHARDS},
}
DATABASE_ROUTERS = ["timeline_api.routers.CacheRouter", "shardrouter.ShardRouter"]
SHARDROUTER = {"SHARDS": SHARDS, "GLOBAL_DATABASES": ["default", "cache"]}
FIXTURE_DIRS = [BASE_DIR / "fixtures"]

# The addresses of all instances by their names, for /metrics; deploy/ sets it.
INSTANCES = env.dict("INSTANCES", default={})

REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# --- Passwords, sessions, security -------------------------------------------------------------

PASSWORD_HASHERS = [
    "timeline_api.domain.hashers.OwaspArgon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# For staff users, who log in to the admin.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]


def member_password_validators(min_length: int, checks: bool) -> list[dict[str, Any]]:
    """Return the rules of members' passwords; without `checks` the length alone, as MiniTwit has
    none."""
    django = "django.contrib.auth.password_validation"
    about = {"user_attributes": ["username", "display_name", "email"]}
    length: dict[str, Any] = {
        "NAME": f"{django}.MinimumLengthValidator",
        "OPTIONS": {"min_length": min_length},
    }
    others: list[dict[str, Any]] = [
        {"NAME": f"{django}.NumericPasswordValidator"},
        {"NAME": f"{django}.CommonPasswordValidator"},
        {"NAME": f"{django}.UserAttributeSimilarityValidator", "OPTIONS": about},
        {"NAME": "timeline_api.domain.passwords.VariedPasswordValidator"},
    ]
    return [length, *others] if checks else [length]


MEMBER_PASSWORD_VALIDATORS = member_password_validators(
    count("PASSWORD_MIN_LENGTH", 8), flag("PASSWORD_CHECKS", True)
)

# HTTPS=True: a proxy in front terminates TLS and sets X-Forwarded-Proto.
HTTPS = flag("HTTPS")
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Cookies are shared by all ports of a host: the site's must not overwrite the API's.
SESSION_COOKIE_NAME = "api_sessionid"
CSRF_COOKIE_NAME = "api_csrftoken"
SESSION_ENGINE = "timeline_api.http.session_store"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
for origin in CSRF_TRUSTED_ORIGINS:
    if "://" not in origin:
        raise ImproperlyConfigured(
            f"CSRF_TRUSTED_ORIGINS: {origin!r} lacks its scheme. Write https://{origin}."
        )
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # the admin and Bootstrap have icons as data URLs
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# No endpoint but the picture's needs more than a few kilobytes. Larger bodies get a 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000  # the admin's "delete selected" posts one field a row

# Networks whose X-Forwarded-For is trusted: the proxy's and the site's.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=["127.0.0.0/8", "::1/128"])
for proxy in TRUSTED_PROXIES:
    try:
        ip_network(proxy, strict=False)
    except ValueError:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES: {proxy!r} is neither an IP address nor a network like 10.0.0.0/8."
        ) from None

# --- Static files ------------------------------------------------------------------------------

STATIC_ROOT = VAR_DIR / "static" / "api"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG

# --- The site ------------------------------------------------------------------------------------

# Where people open the site: the admin and the root of the API lead there.
SITE_URL = env.str("SITE_URL", default=f"http://localhost:{WEB_PORT}/").rstrip("/") + "/"
if not SITE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured(f"SITE_URL={SITE_URL!r} lacks its scheme. Write https://{SITE_URL}.")

# --- Timelines ---------------------------------------------------------------------------------

# timeline_api/conf.py has the other options and their defaults.
TIMELINES = {
    "FANOUT_MAX_FOLLOWERS": count("FANOUT_MAX_FOLLOWERS", 10_000),
    "TOKEN_IDLE_DAYS": count("TOKEN_IDLE_DAYS", 30),
    "TOKEN_DAYS": count("TOKEN_DAYS", 365),
}

# --- REST framework, OpenAPI -------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "timeline_api.http.authentication.BearerAuthentication",
        "timeline_api.http.authentication.MemberBasicAuthentication",
        "timeline_api.http.authentication.MemberSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": [
        "timeline_api.http.renderers.FastJSONRenderer",
        "timeline_api.http.renderers.BrowsableRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "timeline_api.http.parsers.SafeJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",  # the browsable API's HTML forms post this
    ],
    "DEFAULT_THROTTLE_CLASSES": ["timeline_api.http.throttling.AnonymousThrottle"],
    "DEFAULT_SCHEMA_CLASS": "timeline_api.http.openapi.schema.ApiSchema",
    "VIEW_DESCRIPTION_FUNCTION": "timeline_api.http.descriptions.description_of",
    "EXCEPTION_HANDLER": "timeline_api.http.exceptions.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

THROTTLE_RATES = {
    # Wrong passwords, for one name and for all names, from one address.
    "login": rate("THROTTLE_LOGIN", "10/min"),
    "login_address": rate("THROTTLE_LOGIN_ADDRESS", "100/min"),
    "register": rate("THROTTLE_REGISTER", "100/min"),
    "post": rate("THROTTLE_POST", "300/min"),
    "picture": rate("THROTTLE_PICTURE", "20/min"),
    "names": rate("THROTTLE_NAMES", "300/min"),
    "anonymous": rate("THROTTLE_ANONYMOUS", "120000/min"),
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Twitsite API",
    "VERSION": "1",
    "DESCRIPTION": (
        "Short messages, the people who write them, and timelines.\n\n"
        "Ids are decimal **strings** of up to 19 digits. Times are RFC 3339 in UTC. Lists are "
        "cursor-paged: follow `next` and `previous`. A list that lacks a shard which is down "
        "says so in the header `X-Shards-Missing`. Each response has an `X-Request-ID` to "
        "quote when something is wrong."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
    "PATH_CONVERTER_OVERRIDES": {
        "username": {"type": "string", "pattern": "^[A-Za-z0-9_]{1,30}$"},
        "id": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
    },
    "TAGS": [
        {"name": "accounts", "description": "Members, their profiles and their passwords."},
        {"name": "follows", "description": "Who follows whom."},
        {"name": "messages", "description": "Writing, reading and deleting messages."},
        {"name": "timelines", "description": "Messages of everybody, or of those one follows."},
        {"name": "conversations", "description": "What a message replies to, and its replies."},
        {"name": "interactions", "description": "Likes and reposts, and who has made them."},
        {"name": "discovery", "description": "Searches, tags, suggestions and the sitemap."},
        {"name": "notifications", "description": "What others did that concerns a member."},
        {"name": "blocks", "description": "Whom a member does not want to meet or to hear."},
        {"name": "tokens", "description": "Logging in and out."},
    ],
}

# --- Logs: one JSON object a line, on the standard error ---------------------------------------

DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # IdentityMiddleware has checked or made it
DJANGO_STRUCTLOG_USER_ID_FIELD = ""  # reading the user would cost a session query a request
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10  # DEBUG: one line a request, at its end
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = 20  # INFO: the client's mistake
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # IdentityMiddleware binds the client's address

LOG_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    # Plain tracebacks: the pretty ones print local variables, including passwords.
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *LOG_PROCESSORS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
            "foreign_pre_chain": LOG_PROCESSORS,
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": LOG_LEVEL, "propagate": False},
        # Would log every 4xx; the line of each request says the same.
        "django.request": {"level": "ERROR"},
        # Anybody can send a wrong Host: log the 400, without a traceback.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
