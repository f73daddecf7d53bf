"""Validators: an ETag on what is read, and 304 for a client that has it already (RFC 9110).

An ETag has two parts. The first stands for all that the answer is made of: the request, its sender,
and what the shards have committed. It is known before anything is read, so the answer to a client
that sends it is cheap. It is empty where a shard cannot say it. The second stands for the content:
after a commit that has changed nothing on the page, the answer costs what it did, but its client
need not parse and show it again.
"""

import time
from base64 import urlsafe_b64encode
from hashlib import blake2b

from django.http import HttpResponse
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from shardrouter import shards

from ..ops.commits import committed

# What is kept in the cache, such as trending tags, and what depends on the time.
STALE_SECONDS = 60
READS = ("GET", "HEAD")


class NotModified(Exception):
    """The client has the answer already."""


class Validator:
    """The validator of the answer to one request, made before the answer is."""

    def __init__(self, request: Request, version: str) -> None:
        self._known = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
        self._version = version
        known = [tag for tag in self._known if version and tag.startswith(f'W/"{version}.')]
        self._etag = known[0] if known else ""

    def check(self) -> None:
        """Raise NotModified if the client has what would be answered."""
        if self._etag:
            raise NotModified

    def add_to(self, response: Response) -> None:
        """Let the response carry its ETag once it is rendered."""
        if response.status_code == 304:
            _add_etag(response, self._etag)
        elif response.status_code == 200 and not response.has_header("ETag"):
            response.add_post_render_callback(self._with_content)

    def _with_content(self, response: HttpResponse) -> HttpResponse:
        if response.has_header("X-Shards-Missing"):
            return response
        content = _digest(response.content)
        has_it = any(tag.endswith(f'.{content}"') for tag in self._known)
        if has_it:
            response.status_code, response.content = 304, b""
        _add_etag(response, f'W/"{self._version}.{content}"')
        return response


def committed_before(request: Request) -> list[str] | None:
    """Return what each shard has committed; None if one cannot say it, or for a write. Call it
    before anything is read, the request's sender included: what is read later is as new, or
    newer."""
    if request.method not in READS:
        return None
    states = [committed(alias) for alias in shards()]
    known = [state for state in states if state is not None]
    return known if len(known) == len(states) else None


def validator_of(request: Request, commits: list[str] | None) -> Validator | None:
    """Return the validator of the answer to a request whose sender is known. None for what is no
    GET or HEAD, and no JSON."""
    if request.method not in READS or request.accepted_renderer.format != "json":
        return None
    return Validator(request, _digest(repr((_asked(request), commits)).encode()) if commits else "")


def _asked(request: Request) -> tuple[object, ...]:
    return (
        request.build_absolute_uri(),
        request.accepted_media_type,
        translation.get_language(),
        request.user.pk,
        request.auth and request.auth.pk,
        int(time.time() // STALE_SECONDS),
    )


def _digest(data: bytes) -> str:
    return urlsafe_b64encode(blake2b(data, digest_size=12).digest()).decode()


def _add_etag(response: HttpResponse, etag: str) -> None:
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
