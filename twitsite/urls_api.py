"""URLs of the api service."""

from django.urls import include, path

urlpatterns = [
    path("", include("timeline_api.urls")),
]
