"""URLs of the web service."""

from django.urls import include, path

urlpatterns = [
    path("", include("timeline_web.urls")),
]
