"""Settings that both services share: the environment, time, logging, security.

Values come from the environment, or from the file named by ENV_FILE (default: `.env` beside
manage.py). docs/settings.md lists all of them.
"""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()
environ.Env.read_env(env.path("ENV_FILE", default=str(BASE_DIR / ".env"))())


def flag(variable: str, default: bool = False) -> bool:
    """Return `variable` as a bool. Raise ImproperlyConfigured unless it is a clear yes or no."""
    text = env.str(variable, default=str(default))
    if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off", ""):
        raise ImproperlyConfigured(f"{variable}={text!r}: use 'True' or 'False'.")
    return text.lower() in ("true", "1", "yes", "on")


def port(variable: str, default: int) -> int:
    """Return the TCP port in `variable`. Raise ImproperlyConfigured if it is not one."""
    text = env.str(variable, default=str(default))
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ImproperlyConfigured(f"{variable}={text!r} is no port. Write 1 to 65535.")
    return int(text)


def count(variable: str, default: int) -> int:
    """Return the whole number of 0 or more in `variable`, or raise ImproperlyConfigured."""
    text = env.str(variable, default=str(default))
    if not (text.isascii() and text.isdigit()):
        raise ImproperlyConfigured(f"{variable}={text!r} is not a whole number of 0 or more.")
    return int(text)


def choice(variable: str, default: str, choices: tuple[str, ...]) -> str:
    """Return `variable` in capitals. Raise ImproperlyConfigured unless it is one of `choices`."""
    value = env.str(variable, default=default).upper()
    if value not in choices:
        raise ImproperlyConfigured(f"{variable}={value!r} is not one of {', '.join(choices)}.")
    return value


DEBUG = flag("DEBUG")
SECRET_KEY = env.str("SECRET_KEY")


def listened_hosts() -> list[str]:
    """Return the addresses in LISTEN as a Host header has them, but those that mean any."""
    addresses = [address.strip() for address in env.list("LISTEN", default=[])]
    named = [address for address in addresses if address not in ("0.0.0.0", "::")]  # noqa: S104
    return [f"[{address}]" if ":" in address else address for address in named]


# A page of another site can make a browser ask this machine by a name of that site (DNS rebinding),
# so names are listed. Those of this machine are always in: the site, `make up` and probes use them.
ALLOWED_HOSTS = [
    *env.list("ALLOWED_HOSTS", default=listened_hosts()),
    *(".localhost", "127.0.0.1", "[::1]"),
]

# Where this installation keeps its files: SQLite databases, logs, sockets, process ids.
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))

# The value of X-Served-By ("web.1" … "api.3").
INSTANCE_NAME = env.str("INSTANCE_NAME", default="dev.0")

WEB_PORT = port("WEB_PORT", 8000)
API_PORT = port("API_PORT", 8080)

LOG_LEVEL = choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))

USE_TZ = True
# Django sets the process's time zone from this, and gunicorn's log times follow it.
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = True
# Each in its own language. The first is for readers who prefer none of these.
LANGUAGES = [("en", "English"), ("ar", "العربية")]

STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
