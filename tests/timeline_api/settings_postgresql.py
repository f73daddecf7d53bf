"""Settings to test the API on PostgreSQL, set as an operator does: one URL for each database."""

import os

from tests.postgresql import urls

os.environ.update(urls())

from twitsite.settings.test import *  # noqa: F403
