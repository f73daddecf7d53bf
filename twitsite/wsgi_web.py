"""WSGI entry point of the site."""

import os

from django.core.wsgi import get_wsgi_application
from django.template.loader import get_template
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitsite.settings.web")
application = get_wsgi_application()

# URLconf and templates are loaded lazily: doing it here saves the first request that time.
_ = get_resolver().url_patterns
for _page in ("home", "public", "profile", "message", "login", "register", "error", "_message"):
    get_template(f"timeline_web/{_page}.html")
