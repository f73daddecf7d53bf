"""The notes project with the packages that people use beside shardrouter."""

from tests.notes.settings import *  # noqa: F403
from tests.notes.settings import INSTALLED_APPS, MIDDLEWARE, SHARDROUTER

SHARDROUTER = SHARDROUTER | {"CONTENT_TYPES_ON_SHARDS": True}
INSTALLED_APPS = [
    *INSTALLED_APPS,
    "auditlog",
    "debug_toolbar",
    "django_filters",
    "django_tables2",
    "guardian",
    "import_export",
    "polymorphic",
    "reversion",
    "simple_history",
    "taggit",
    "treebeard",
    "tests.compatibility.app",
]
MIDDLEWARE = [*MIDDLEWARE, "debug_toolbar.middleware.DebugToolbarMiddleware"]
ROOT_URLCONF = "tests.compatibility.urls"
INTERNAL_IPS = ["127.0.0.1"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
# A history's copy of an id is no primary key, and need not be.
SILENCED_SYSTEM_CHECKS = ["shardrouter.E001"]
DEBUG_TOOLBAR_CONFIG = {"SHOW_TOOLBAR_CALLBACK": lambda request: True, "IS_RUNNING_TESTS": False}
