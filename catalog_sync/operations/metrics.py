"""The health of the sync as Prometheus metrics. Needs the optional ``prometheus_client``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from catalog_sync import conf
from catalog_sync.operations import health

# The numbers of the last full sync that has ended, each with the help text of its metric.
LAST_FULL_SYNC = {
    "course_runs_rejected": "Rejected records of the last full sync.",
    "removals_refused": "Marketing URLs that the last full sync refused to remove.",
    "failures": "What the last full sync could not read or write.",
}


class HealthCollector(Collector):
    """Turns one reading of the health into metrics. Each Catalog has its own values."""

    def collect(self) -> Iterator[Metric]:
        current = health.read()
        by_catalog = current.get("catalogs") or {conf.catalogs()[0].name: current}
        yield _of_each(
            "healthy",
            "1 if a full sync succeeded recently; 0 if not, or if the sync is disabled.",
            by_catalog,
            _is_healthy,
        )
        yield _of_each("enabled", "1 if the sync is enabled.", by_catalog, lambda each: each["enabled"])
        yield _of_each(
            "running", "1 while a sync is running.", by_catalog, lambda each: bool(each["running"])
        )
        yield _of_each(
            "last_success_timestamp_seconds",
            "The end of the last full sync that succeeded.",
            by_catalog,
            _success,
        )
        for name, text in LAST_FULL_SYNC.items():
            yield _of_each(
                f"last_full_sync_{name}", text, by_catalog, lambda each, name=name: _last_full(each, name)
            )
        yield _gauge("course_overviews", "Course overviews of the LMS.", current["course_overviews"])
        yield _gauge(
            "course_overviews_with_marketing_url",
            "Course overviews that have a marketing URL.",
            current["course_overviews_with_marketing_url"],
        )
        yield _gauge("pinned_marketing_urls", "Courses with a pinned marketing URL.", current["pinned"])


def render() -> bytes:
    """Return the metrics in Prometheus' text format; the queries are those of ``health.read``."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HealthCollector())
    return bytes(generate_latest(registry))


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"catalog_sync_{name}", text, value=value)


def _of_each(name: str, text: str, by_catalog: dict[str, Any], value_of: Any) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"catalog_sync_{name}", text, labels=["catalog"])
    for catalog, values in by_catalog.items():
        value = value_of(values)
        if value is not None:
            family.add_metric([catalog], float(value))
    return family


def _is_healthy(values: dict[str, Any]) -> bool:
    return bool(values["status"] == health.OK)


def _success(values: dict[str, Any]) -> float | None:
    last = values["last_success"]
    return last and datetime.fromisoformat(last["finished"]).timestamp()


def _last_full(values: dict[str, Any], name: str) -> int | None:
    last = values["last_full_run"]
    return None if last is None else int(last[name])
