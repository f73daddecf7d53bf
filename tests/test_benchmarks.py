"""The benchmarks run, and say what they are said to say. What they measure is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def test_shardrouters_benchmark_runs_and_writes_its_table(tmp_path):
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


def test_the_documented_table_is_the_measured_one():
    documented = (ROOT / "docs" / "shardrouter" / "performance.md").read_text()
    assert (RESULTS / "shardrouter.md").read_text() in documented
