"""Settings of the tests: the API's, with a fast password hasher and plain static files."""

import os

os.environ.setdefault("SECRET_KEY", "tests-only")

from .api import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
