"""Prometheus metrics that an instance counts; docs/operations.md lists them.

They are in memory, since an instance is one process. In prometheus_client's files, which several
processes share, a full disk ends the process that writes (SIGBUS).
"""

from django.db.models import Model
from django.dispatch import Signal, receiver
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

from shardrouter.signals import query_routed, query_scattered

REQUESTS = Counter(
    "twitsite_api_requests_total",
    "Requests answered, by method, route (the URL pattern) and status.",
    ["method", "route", "status"],
)
SECONDS = Histogram(
    "twitsite_api_request_seconds",
    "Time to answer a request, in seconds.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
SHARDS_MISSING = Counter(
    "twitsite_api_shards_missing_total",
    "Answers that lacked a shard: lists without it, and 503s because of it.",
    ["shard"],
)

QUERIES = Counter(
    "twitsite_api_queries_total",
    "Queries on sharded rows: whether one shard was asked or several, and why.",
    ["model", "kind", "reason"],
)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Count one answered request."""
    match = request.resolver_match
    # Unknown paths and methods share one label: clients must not be able to create new series.
    route = f"/{match.route}" if match else "(none)"
    method = request.method if request.method in METHODS else "(other)"
    REQUESTS.labels(method, route, response.status_code).inc()
    SECONDS.labels(method, route).observe(seconds)


@receiver(query_routed)
@receiver(query_scattered)
def count_query(signal: Signal, sender: type[Model], reason: str, **kwargs: object) -> None:
    """Count one query of the shards."""
    kind = "scattered" if signal is query_scattered else "routed"
    QUERIES.labels(sender._meta.label, kind, reason).inc()
