"""The site's settings module: no database, and one line about each mistake."""

import importlib
import os
import subprocess
import sys

import pytest

from .servers import ROOT, environment


def run(code: str, tmp_path, **variables: str) -> subprocess.CompletedProcess:
    env = environment("twitsite.settings.web", tmp_path, **variables)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True
    )


def test_it_has_no_database():
    assert importlib.import_module("twitsite.settings.web").DATABASES == {}


def test_it_cannot_run_a_query(tmp_path):
    code = "import django; django.setup(); from django.db import connection; connection.cursor()"
    done = run(code, tmp_path)
    assert "ImproperlyConfigured" in done.stderr


def test_it_loads_neither_the_api_nor_the_sharding(tmp_path):
    code = (
        "import sys, twitsite.wsgi_web;"
        "print([m for m in sys.modules if m.split('.')[0] in"
        " ('timeline_api', 'shardrouter', 'rest_framework')])"
    )
    assert run(code, tmp_path).stdout.strip() == "[]"


def test_it_has_secure_cookies_behind_https(tmp_path):
    code = (
        "from twitsite.settings import web;print(web.SESSION_COOKIE_SECURE, web.CSRF_COOKIE_SECURE)"
    )
    assert run(code, tmp_path, HTTPS="True").stdout.split() == ["True", "True"]
    assert run(code, tmp_path).stdout.split() == ["False", "False"]


@pytest.mark.parametrize("value", ["soon", "-1", "0", "nan", ""])
def test_it_names_an_invalid_timeout(tmp_path, value):
    done = run("import twitsite.settings.web", tmp_path, API_READ_TIMEOUT=value)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "API_READ_TIMEOUT" in last
    assert "Write seconds" in last


def test_it_passes_djangos_checks(tmp_path):
    env = environment("twitsite.settings.web", tmp_path)
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == []
