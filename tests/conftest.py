"""The order of the files: those marked `long` first, so that no worker is left with one at the end.

A file is marked by `pytestmark = pytest.mark.long`.
"""


def pytest_configure(config):
    config.addinivalue_line("markers", "long: this file takes a minute or so, and starts first")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
