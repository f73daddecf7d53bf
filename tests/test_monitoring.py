"""deploy/monitoring/: what Prometheus and Grafana are given to load."""

import json
import re
import subprocess

import pytest

from deploy.config import ROOT
from deploy.system_packages import find_promtool

FOLDER = ROOT / "deploy" / "monitoring"
METRIC = re.compile(r"\btwitsite_[a-z_]+")


def promtool(*arguments: str) -> str:
    done = subprocess.run(
        [find_promtool(), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def described() -> set[str]:
    """The metrics that docs/operations.md lists."""
    lines = (ROOT / "docs" / "operations.md").read_text().splitlines()
    return {
        name for line in lines if line.startswith("| `twitsite_") for name in METRIC.findall(line)
    }


def test_it_alerts_when_it_should_and_only_then():
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


@pytest.mark.parametrize("name", ["alerts.yml", "dashboard.json"])
def test_it_asks_for_metrics_that_there_are(name):
    text = (FOLDER / name).read_text()
    asked = {found.removesuffix("_bucket") for found in METRIC.findall(text)}
    assert asked
    assert asked <= described()


def test_it_says_what_to_do_at_each_alert():
    alerts = re.findall(r"- alert: (\w+)", (FOLDER / "alerts.yml").read_text())
    runbook = (ROOT / "docs" / "operations.md").read_text()
    assert alerts
    assert [alert for alert in alerts if f"| `{alert}` |" not in runbook] == []


def test_it_has_a_dashboard_that_is_whole():
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    source = dashboard["templating"]["list"][0]["name"]
    assert {panel["datasource"]["uid"] for panel in panels} == {f"${{{source}}}"}
    for panel in panels:
        assert all(target["expr"] for target in panel["targets"])
