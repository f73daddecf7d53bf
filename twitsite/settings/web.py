"""Settings of the site: pages, signed cookies, no database."""

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403
from .base import API_PORT, DEBUG, LOG_LEVEL, VAR_DIR, count, env, flag


def seconds(variable: str, default: float) -> float:
    """Return the seconds in `variable`. Raise ImproperlyConfigured unless over 0 and under 3600."""
    text = env.str(variable, default=str(default))
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 3600:
        raise ImproperlyConfigured(f"{variable}={text!r} is no time. Write seconds, as {default}.")
    return value


INSTALLED_APPS = [
    "timeline_web",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
]

MIDDLEWARE = [
    "timeline_web.middleware.RequestIdMiddleware",
    "timeline_web.microcache.MicrocacheMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "timeline_web.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "timeline_web.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "timeline_web.middleware.MemberMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "twitsite.urls_web"
WSGI_APPLICATION = "twitsite.wsgi_web.application"
# A form with a message of 280 characters is a few kilobytes. A larger body is answered with 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
APPEND_SLASH = False  # the site's paths have none

# Empty on purpose, so that no query in the site can work by accident.
DATABASES: dict = {}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["django.templatetags.i18n"],  # nearly every template uses it
        },
    },
]

# The address of the API's load balancer, never of an instance.
API_BASE_URL = env.str("API_BASE_URL", default=f"http://127.0.0.1:{API_PORT}")
API_CONNECT_TIMEOUT = seconds("API_CONNECT_TIMEOUT", 1.0)
API_READ_TIMEOUT = seconds("API_READ_TIMEOUT", 6.0)

# How long nginx may keep a page for all visitors; deploy/ reads it too, and checks it.
MICROCACHE_SECONDS = env.int("MICROCACHE_SECONDS", default=1)

# How many answers of the API each process keeps with their ETags; 0: none.
KEPT_ANSWERS = count("KEPT_ANSWERS", 128)

# Keep nothing that was rendered or parsed, to find out whether what is kept is out of date.
RENDER_ANEW = flag("RENDER_ANEW")

# Sign new members in at once; without it they are asked to sign in, as in MiniTwit.
SIGN_IN_AFTER_SIGN_UP = flag("SIGN_IN_AFTER_SIGN_UP")

# Networks of the load balancers whose X-Forwarded-For is trusted, here and by the API.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=["127.0.0.0/8", "::1/128"])

# Sessions are signed cookies, so that any instance can serve any request. Cookies are shared by all
# ports of a host: with Django's names, the API's admin would overwrite them.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_NAME = "twitsite_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "twitsite_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_NAME = "twitsite_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "timeline_web.views.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# HTTPS=True: a proxy in front terminates TLS and sets X-Forwarded-Proto.
HTTPS = flag("HTTPS")
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

# WhiteNoise serves static files under names with a hash, which are cached for ever.
STATIC_ROOT = VAR_DIR / "static" / "web"
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Before `collectstatic` has run, use plain names instead of answering 500.
WHITENOISE_MANIFEST_STRICT = False
WHITENOISE_USE_FINDERS = DEBUG

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "timeline_web.logs.JsonFormatter",
        },
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # Anybody can send a wrong Host: the line of the request says 400, without a traceback.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "timeline_web": {"handlers": ["stderr"], "level": LOG_LEVEL, "propagate": False},
    },
}
