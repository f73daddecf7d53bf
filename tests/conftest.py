"""The order of the files: the longest first, so that no worker is left with one at the end."""

from pathlib import Path

LONGEST = (
    "e2e/test_crashes.py",
    "timeline_api/core/test_histories.py",
    "timeline_api/core/test_planted_faults.py",
    "test_benchmarks.py",
    "test_pages_benchmark.py",
    "timeline_web/test_browser.py",
    "timeline_web/test_accessibility.py",
    "e2e/test_up.py",
    "timeline_api/http/test_contract.py",
    "timeline_api/population/test_population.py",
)
RANKS = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: RANKS.get(item.path, len(RANKS)))
