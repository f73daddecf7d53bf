"""The app configuration of the API."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.core.management import call_command
from django.db.models.signals import post_migrate

from .ops import failed_connections, sqlite_files, sqlite_turns
from .search import index


def create_cache_table(using: str, **kwargs: object) -> None:
    """post_migrate receiver: create the cache's table with `manage.py migrate`."""
    if using == "cache" and "db.DatabaseCache" in settings.CACHES["default"]["BACKEND"]:
        call_command("createcachetable", database=using, verbosity=0)


class OperatorAdminConfig(admin_apps.AdminConfig):
    """django.contrib.admin, with our site."""

    default = False  # not the configuration of timeline_api
    default_site = "timeline_api.admin_site.OperatorSite"


class TimelineApiConfig(AppConfig):
    name = "timeline_api"
    verbose_name = "Timelines"

    def ready(self) -> None:
        sqlite_files.connect_receivers()
        sqlite_turns.connect_receiver()
        failed_connections.connect_receivers()
        post_migrate.connect(create_cache_table, sender=self)
        post_migrate.connect(index.install, sender=self)
