"""The same tests on PostgreSQL: three databases as shards, one for default, one for the oracle.

`python -m tests.postgresql` sets PGHOST, PGPORT and PGUSER.
"""

import os

from .settings import *  # noqa: F403
from .settings import DATABASES as SQLITE

DATABASES = {
    alias: {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": alias if alias != "default" else "main",
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "USER": os.environ["PGUSER"],
    }
    for alias in SQLITE
}
