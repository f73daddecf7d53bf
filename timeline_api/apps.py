"""App configuration of the API."""

from django.apps import AppConfig


class TimelineApiConfig(AppConfig):
    name = "timeline_api"
    verbose_name = "Timelines"
