"""The forum much later, on the same databases."""

from .settings_after import *  # noqa: F403
from .settings_after import INSTALLED_APPS

INSTALLED_APPS = [each.replace(".after.", ".later.") for each in INSTALLED_APPS]
