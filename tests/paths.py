"""The paths of a service, from its URL configuration: what a test of every path walks."""

import re
from collections.abc import Iterator, Mapping

from django.urls import URLPattern, URLResolver, get_resolver


class Path:
    """One pattern: its template, such as "api/v1/accounts/<username>/", and its view."""

    def __init__(self, template: str, view: object) -> None:
        self.template = template
        self.view = view

    def filled(self, values: Mapping[str, object]) -> str:
        """Return the path with each name in angle brackets replaced by its value."""
        return "/" + re.sub(r"<(\w+)>", lambda name: str(values[name[1]]), self.template)

    def __repr__(self) -> str:
        return self.template


def paths(urlconf: str) -> Iterator[Path]:
    """Return all paths of a URL configuration but those of the admin."""
    yield from _below(get_resolver(urlconf).url_patterns, "")


def _below(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[Path]:
    for pattern in patterns:
        template = prefix + _template(str(pattern.pattern))
        if isinstance(pattern, URLPattern):
            yield Path(template, pattern.callback)
        elif template != "admin/":
            yield from _below(pattern.url_patterns, template)


def _template(pattern: str) -> str:
    """Return a route, or a regular expression with its named groups, as a template."""
    route = re.sub(r"<\w+:(\w+)>", r"<\1>", pattern)
    named = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route)
    return named.removeprefix("^").removesuffix("$").replace("\\", "")
