"""Wrong settings are one clear line that names the variable."""

import os
import subprocess
import sys

import pytest


def error_of(**variables):
    """What importing the settings in a fresh process raises, its last line."""
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "x",
        "ENV_FILE": os.devnull,
        **variables,
    }
    run = subprocess.run(
        [sys.executable, "-c", "import twitsite.settings.api"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stderr.strip().splitlines()[-1] if run.returncode else ""


def test_it_takes_the_defaults():
    assert error_of() == ""


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SQLITE_SYNCHRONOUS", "SOMETIMES"),
        ("SQLITE_BUSY_SECONDS", "long"),
        ("PASSWORD_MIN_LENGTH", "six"),
        ("HTTPS", "maybe"),
        ("DEBUG", "maybe"),
        ("API_PORT", "x"),
        ("WEB_PORT", "70000"),
        ("THROTTLE_LOGIN", "10"),
        ("THROTTLE_REGISTER", "many/min"),
        ("THROTTLE_POST", "10/fortnight"),
        ("DATABASE_URL", "nonsense"),
        ("SHARD1_URL", "mongo://example.org/x"),
        ("SHARDS", "a,a"),
        ("SHARDS", "default,a"),
        ("LOG_LEVEL", "LOUD"),
        ("CSRF_TRUSTED_ORIGINS", "example.org"),
        ("TRUSTED_PROXIES", "nginx"),
        ("FANOUT_MAX_FOLLOWERS", "many"),
        ("FANOUT_MAX_FOLLOWERS", "-1"),
    ],
)
def test_it_names_the_wrong_variable(variable, value):
    error = error_of(**{variable: value})
    assert error.startswith("django.core.exceptions.ImproperlyConfigured: ")
    assert variable in error


def test_it_turns_a_throttle_off_when_empty():
    assert error_of(THROTTLE_LOGIN="") == ""


@pytest.mark.parametrize("service", ["api", "web"])
def test_it_takes_what_older_keys_have_signed(service):
    """After a change of SECRET_KEY, by both services."""
    code = (
        f"import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'twitsite.settings.{service}'\n"
        "from django.core.signing import Signer\n"
        "print(Signer().unsign(Signer(key='older').sign('kept')))"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "newer",
        "SECRET_KEY_FALLBACKS": "oldest,older",
        "ENV_FILE": os.devnull,
    }
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert run.stdout.strip() == b"kept", run.stderr
