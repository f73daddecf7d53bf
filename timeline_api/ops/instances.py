"""Instances: the processes that answer HTTP, by their names in `settings.INSTANCES`.

An instance asks the others over HTTP, so that one address shows the metrics of all.
"""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from urllib.request import urlopen

from django.conf import settings

# Seconds. A frozen instance must not hold up who asks: Prometheus gives up after ten.
PATIENCE = 1.0


def ask_each(paths: dict[str, str]) -> dict[str, str | None]:
    """Return what each instance answers at once: name → text, or None if it gives no 200 in time.

    `paths`: what to ask, by service ("api", "web"); instances of other services are left out.
    """
    asked = {
        name: f"{address}{paths[service]}"
        for name, address in settings.INSTANCES.items()
        if (service := name.partition(".")[0]) in paths
    }
    with ThreadPoolExecutor(max(1, len(asked))) as threads:
        return dict(zip(asked, threads.map(_text, asked.values()), strict=True))


def _text(url: str) -> str | None:
    try:
        with urlopen(url, timeout=PATIENCE) as response:  # noqa: S310 the settings' own addresses
            return response.read().decode()
    except (OSError, HTTPException, ValueError):
        return None
