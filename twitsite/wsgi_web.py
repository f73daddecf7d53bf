"""WSGI entry point of the web service."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitsite.settings.web")
application = get_wsgi_application()

# The URLconf is lazy: loading it here keeps its seconds out of the first request.
_ = get_resolver().url_patterns
