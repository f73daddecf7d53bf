"""The tests of the API on PostgreSQL, as an operator has it: a URL for each database, and nothing
else.
"""

import os

from tests.postgresql import urls

os.environ.update(urls())

from twitsite.settings.test import *  # noqa: F403
