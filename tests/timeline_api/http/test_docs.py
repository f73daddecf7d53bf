"""docs/api.md says what there is, and no more."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from prometheus_client.metrics import MetricWrapperBase

from timeline_api.http.openapi.schema import ERRORS
from timeline_api.ops import metrics

pytestmark = pytest.mark.django_db(databases="__all__")

TEXT = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()


def test_it_lists_every_endpoint(visitor):
    schema = yaml.safe_load(visitor.get("/api/schema/").content)
    there = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in schema["paths"].items()
        for method in methods
    }
    assert set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", TEXT, re.MULTILINE)) == there


def test_it_lists_every_error():
    for status in ERRORS:
        assert re.search(rf"^\| [\d, ]*{status}\b", TEXT, re.MULTILINE), status


def test_it_lists_every_metric():
    there = {
        family.name + ("_total" if family.type == "counter" else "")
        for metric in vars(metrics).values()
        if isinstance(metric, MetricWrapperBase)
        for family in metric.describe()
    }
    assert set(re.findall(r"^\| `(twitsite_api_\w+)`", TEXT, re.MULTILINE)) == there
