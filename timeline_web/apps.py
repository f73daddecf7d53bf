"""App configuration of the site."""

from django.apps import AppConfig


class TimelineWebConfig(AppConfig):
    name = "timeline_web"
    verbose_name = "Pages"
