"""Metrics for Prometheus: of this instance, or of the whole installation through any instance."""

import shutil
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import REGISTRY, Collector

from ...ops.instances import ask_each
from ...selectors.outbox import lags
from ...selectors.status import databases

OWN_PATH = "/metrics/instance"


def own_metrics(request: HttpRequest) -> HttpResponse:
    """GET /metrics/instance: what this process has counted."""
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def all_metrics(request: HttpRequest) -> HttpResponse:
    """GET /metrics: what each instance has counted, with its name as the label `process`, and the
    state of the databases and the relay.

    Where `settings.INSTANCES` names none, this process alone, without a label.
    """
    registry = CollectorRegistry()
    for collector in (_Instances(), _Databases(), _Relay()):
        registry.register(collector)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Instances(Collector):
    def collect(self) -> Iterator[Metric]:
        if not settings.INSTANCES:
            yield from REGISTRY.collect()
            return
        answers = ask_each({"api": OWN_PATH, "web": "/livez"})
        up = GaugeMetricFamily(
            "twitsite_instance_up",
            "Whether the instance answers within a second.",
            labels=["process"],
        )
        for name, text in answers.items():
            up.add_metric([name], text is not None)
        yield up
        counted = {name: text for name, text in answers.items() if not name.startswith("web.")}
        yield from _merged(counted)


class _Databases(Collector):
    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "twitsite_database_up", "Whether the database can be read.", labels=["database"]
        )
        size = GaugeMetricFamily(
            "twitsite_database_bytes", "Size of the database.", labels=["database"]
        )
        for database in databases():
            up.add_metric([database.alias], database.up)
            if database.size is not None:
                size.add_metric([database.alias], database.size)
        free = GaugeMetricFamily("twitsite_disk_free_bytes", "Room on the disk of VAR_DIR.")
        free.add_metric([], shutil.disk_usage(settings.VAR_DIR).free)
        yield from (up, size, free)


class _Relay(Collector):
    def collect(self) -> Iterator[Metric]:
        gauges = {
            "waiting": GaugeMetricFamily(
                "twitsite_relay_waiting_events", "Events to deliver.", labels=["shard"]
            ),
            "seconds_behind": GaugeMetricFamily(
                "twitsite_relay_seconds_behind", "Age of the oldest of them.", labels=["shard"]
            ),
            "parked": GaugeMetricFamily(
                "twitsite_relay_parked_events",
                "Events that wait for an operator.",
                labels=["shard"],
            ),
        }
        for lag in lags():
            for name, gauge in gauges.items() if lag.up else ():
                gauge.add_metric([lag.shard], getattr(lag, name))
        yield from gauges.values()


def _merged(texts: dict[str, str | None]) -> Iterable[Metric]:
    """Return the families of all texts, each sample with the label `process`."""
    families: dict[str, Metric] = {}
    for process, text in texts.items():
        for family in text_string_to_metric_families(text or ""):
            kept = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            for sample in family.samples:
                kept.samples.append(sample._replace(labels={**sample.labels, "process": process}))
    return families.values()
