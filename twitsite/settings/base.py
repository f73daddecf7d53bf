"""Settings that both services share: the environment, time, logging, security.

Values come from the environment, or from the file named by ENV_FILE (default: `.env` beside
manage.py). README.md lists every one of them.
"""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()
environ.Env.read_env(env.path("ENV_FILE", default=str(BASE_DIR / ".env"))())

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"])

# Where this installation keeps its files: SQLite databases, logs, sockets, process ids.
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))

# The name this process answers with in X-Served-By ("web.1" … "api.3").
INSTANCE_NAME = env.str("INSTANCE_NAME", default="dev.0")

WEB_PORT = env.int("WEB_PORT", default=8000)
API_PORT = env.int("API_PORT", default=8080)

USE_TZ = True
# gunicorn's log times follow the process's time zone, which Django sets from this.
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = True

STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
