"""Warm-up: what a new worker does before it serves anybody, so that no reader waits for it.

It makes requests of itself, and runs the prepared queries of hot pages, which compiles them: those
of the first home take 100 ms. They are about accounts that do not exist, and find nothing.
"""

import inspect
import io
import logging
import sys
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any, NamedTuple

from django.db import connections

from shardrouter import new_id, shard_for
from shardrouter.prepared import PreparedQuery

from ..models import Account
from ..selectors import (
    accounts,
    conversations,
    discovery,
    marks,
    messages,
    notifications,
    timelines,
)
from ..services import tokens
from .pagination import PAGE_SIZE

logger = logging.getLogger(__name__)

# They load the shard map and open each database, load the JSON renderer, and the browsable API's
# templates.
PATHS = (("/readyz", "*/*"), ("/api/v1/timelines/public/", "*/*"), ("/api/v1/", "text/html"))


def environ_of(path: str, accept: str) -> dict[str, Any]:
    """Return the WSGI environment (PEP 3333) of a GET request from this machine."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_ACCEPT": accept,
        "HTTP_USER_AGENT": "warm-up",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def warm_up(application: Any) -> None:
    """Send a few GET requests to the WSGI application, and compile queries. A failure is logged and
    does not stop the worker: /readyz reports it."""
    for path, accept in PATHS:
        try:
            body = application(environ_of(path, accept), lambda *args: None)
            list(body)
            body.close()
        except Exception:
            logger.exception("warm_up_failed")
    compile_queries()
    connections.close_all()  # they belong to this thread, and requests run in others


# The modules with the prepared queries of hot pages.
HOT = (tokens, timelines, marks, notifications, discovery, accounts, messages, conversations)
# How many names to try for one on each shard. A shard with few slots may do without.
NAMES = 100
# With more shards than these, lists of ids are prepared for one shard and for all, not for some.
MANY_SHARDS = 3


class Nobody(NamedTuple):
    """What leads to one shard, or `ids` to several, and is of no row: a name, and ids."""

    alias: str
    name: str
    ids: list[int]


def compile_queries() -> None:
    """Run each prepared query of HOT for nobody's first page, on each shard and across them.

    Stop at a shard that does not answer: the first readers compile the rest.
    """
    queries = [
        query
        for module in HOT
        for query in vars(module).values()
        if isinstance(query, PreparedQuery)
    ]
    try:
        for nobody in _nobodies():
            for query in queries:
                query(**_arguments(query, nobody))
    except Exception:
        logger.exception("queries_not_compiled")


def _nobodies() -> Iterator[Nobody]:
    """Yield one for each shard, then those with ids on several: the shards that a list of ids leads
    to have a statement of their own."""
    found: dict[str, Nobody] = {}
    for number in range(NAMES):
        account = Account(username=f"no {number}")  # names have no spaces
        alias = shard_for(account)
        if alias not in found:
            found[alias] = Nobody(alias, account.username, [new_id(account)])
    every = len(found)
    for size in range(1, every + 1) if every <= MANY_SHARDS else (1, every):
        for some in combinations(found.values(), size):
            yield some[0]._replace(ids=[pk for nobody in some for pk in nobody.ids])


def _arguments(query: PreparedQuery, nobody: Nobody) -> dict[str, Any]:
    """Return an argument for each parameter, by its name or else its type; None for the place in a
    list: of the first page."""
    named = {"alias": nobody.alias, "limit": PAGE_SIZE + 1}
    typed = {
        int: nobody.ids[0],
        list[int]: nobody.ids,
        str: nobody.name,
        bool: False,
        date: date.today(),
    }
    return {
        name: named.get(name, typed.get(parameter.annotation))
        for name, parameter in inspect.signature(query).parameters.items()
    }
