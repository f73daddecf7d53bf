"""WSGI entry point of the API."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitsite.settings.api")
application = get_wsgi_application()

# The URLconf, the shard map, the serializers and the templates are loaded lazily: doing it here
# saves a worker's first request 2 to 3 seconds.
_ = get_resolver().url_patterns

from timeline_api.http.warmup import warm_up  # noqa: E402 needs the application

warm_up(application)
