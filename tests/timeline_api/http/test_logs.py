"""The log: one JSON object a line, enough to follow a request, and no secrets."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.django_db(databases="__all__")

ASK = """
import django
django.setup()
from django.test import Client
from django.urls import path
import twitsite.urls_api as urls

def fail(request):
    password = "s3cr3t-in-a-local"
    raise ValueError("a bug")

urls.urlpatterns.append(path("fail", fail))
client = Client(raise_request_exception=False, SERVER_NAME="localhost")
client.get("/livez?q=s3cr3t-search", HTTP_X_REQUEST_ID="r-1", HTTP_AUTHORIZATION="Bearer s3cr3t")
client.get("/fail", HTTP_X_REQUEST_ID="r-2")
"""


def test_it_logs_json_lines_without_secrets(tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "twitsite.settings.test",
        "VAR_DIR": str(tmp_path),
        "INSTANCE_NAME": "api.2",
    }
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    access = lines[0]
    assert access["event"] == "request_finished"
    assert (access["request"], access["code"]) == ("GET /livez", 200)
    assert (access["request_id"], access["instance"]) == ("r-1", "api.2")
    assert access["client"] == "127.0.0.1"
    assert access["ms"] >= 0
    failures = [line for line in lines if line["request_id"] == "r-2" and "exception" in line]
    assert any("ValueError: a bug" in line["exception"] for line in failures)
    assert "s3cr3t" not in run.stderr
    assert "Bearer" not in run.stderr
