"""Settings of the site: pages, signed cookies, and no database at all."""

from .base import *  # noqa: F403
from .base import API_PORT, VAR_DIR, env

INSTALLED_APPS = [
    "timeline_web",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "twitsite.urls_web"
WSGI_APPLICATION = "twitsite.wsgi_web.application"

# Empty on purpose: a query in the site cannot work by accident.
DATABASES: dict = {}

SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

API_BASE_URL = env.str("API_BASE_URL", default=f"http://127.0.0.1:{API_PORT}")
STATIC_ROOT = VAR_DIR / "static" / "web"
