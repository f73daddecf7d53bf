"""The benchmarks run and write their tables. What they measure is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"

# Each benchmark starts several stacks, one after the other.
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def test_it_measures_shardrouter_and_writes_the_table(tmp_path):
    command = [sys.executable, "-m", "benchmarks.bench_shardrouter"]
    done = subprocess.run(
        [*command, "--quick", "--results", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads((tmp_path / "shardrouter.json").read_text())
    assert {"date", "processor", "cores", "python", "django", "sqlite"} <= set(measured["machine"])
    assert [row["limit"] for row in measured["rows"]] == [1.25, 1.10, 3.5, 1.3, 1.0, 1.1]
    assert all(row["ratio"] > 0 for row in measured["rows"])
    assert (tmp_path / "shardrouter.md").read_text() in done.stdout


def test_it_measures_prepared_queries_and_writes_the_table(tmp_path):
    command = [sys.executable, "-m", "benchmarks.bench_prepared"]
    done = subprocess.run(
        [*command, "--quick", "--results", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "prepared.json").read_text())["rows"]
    assert [row["limit"] for row in rows] == [0.2, 0.5, 0.6, 0.2, 0.25, 0.4, 0.25]
    assert (tmp_path / "prepared.md").read_text() in done.stdout


def test_it_measures_late_shards_and_writes_the_table(tmp_path):
    command = [sys.executable, "-m", "benchmarks.bench_scatter"]
    done = subprocess.run(
        [*command, "--quick", "--results", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "scatter.json").read_text())["rows"]
    assert [row["limit"] for row in rows] == [1.3] * 6
    assert (tmp_path / "scatter.md").read_text() in done.stdout


def test_it_measures_timelines_and_writes_the_table(tmp_path):
    command = [sys.executable, "-m", "benchmarks.bench_timelines"]
    done = subprocess.run(
        [*command, "--quick", "--results", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "timelines.json").read_text())["rows"]
    limits = [row["limit"] for row in rows]
    assert limits == [1.2, 1.2, 1, 2.5, 1, 1, 1.2, 1, 10, 0, 1, 2.5, 2.5, 2.5]
    # Independent of noise: the number of queries is the same however many one follows.
    assert {"5 queries" in row["what"] for row in rows[:2]} == {True}
    assert (tmp_path / "timelines.md").read_text() in done.stdout


@pytest.mark.parametrize(
    ("page", "results"),
    [
        ("shardrouter/performance.md", "shardrouter.md"),
        ("shardrouter/performance.md", "scatter.md"),
        ("shardrouter/prepared.md", "prepared.md"),
        ("performance.md", "timelines.md"),
        ("performance.md", "pages.md"),
    ],
)
def test_it_documents_the_measured_table(page, results):
    assert (RESULTS / results).read_text() in (ROOT / "docs" / page).read_text()
