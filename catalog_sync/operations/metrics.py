"""The health of the sync as Prometheus metrics. Needs the optional ``prometheus_client``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from catalog_sync.operations import health
from catalog_sync.store import course_overviews, course_runs

# The numbers of the last full sync that has ended, each with the help text of its metric.
LAST_FULL_SYNC = {
    "course_runs_rejected": "Rejected records of the last full sync.",
    "removals_refused": "Marketing URLs that the last full sync refused to remove.",
    "failures": "What the last full sync could not read or write.",
}


class HealthCollector(Collector):
    """Turns one reading of the health into metrics. Each Catalog has its own values."""

    def collect(self) -> Iterator[Metric]:
        catalogs = health.of_each_catalog()
        yield _of_each(
            "healthy",
            "1 if a full sync succeeded recently; 0 if not, or if the sync is disabled.",
            {each.catalog: each.status == health.OK for each in catalogs},
        )
        yield _of_each(
            "enabled", "1 if the sync is enabled.", {each.catalog: each.is_enabled for each in catalogs}
        )
        yield _of_each(
            "running", "1 while a sync is running.", {each.catalog: bool(each.running) for each in catalogs}
        )
        ends = {each.catalog: each.last_success and each.last_success.finished for each in catalogs}
        yield _of_each(
            "last_success_timestamp_seconds",
            "The end of the last full sync that succeeded.",
            {catalog: end.timestamp() for catalog, end in ends.items() if end},
        )
        for name, text in LAST_FULL_SYNC.items():
            numbers = {each.catalog: getattr(each.last_full, name) for each in catalogs if each.last_full}
            yield _of_each(f"last_full_sync_{name}", text, numbers)
        count, with_url = course_overviews.count_with_url()
        yield _gauge("course_overviews", "Course overviews of the LMS.", count)
        yield _gauge(
            "course_overviews_with_marketing_url", "Course overviews that have a marketing URL.", with_url
        )
        yield _gauge(
            "pinned_marketing_urls", "Courses with a pinned marketing URL.", len(course_runs.pinned())
        )


def render() -> bytes:
    """Return the metrics in Prometheus' text format; a few queries per Catalog."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HealthCollector())
    return bytes(generate_latest(registry))


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"catalog_sync_{name}", text, value=value)


def _of_each(name: str, text: str, by_catalog: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"catalog_sync_{name}", text, labels=["catalog"])
    for catalog, value in by_catalog.items():
        family.add_metric([catalog], float(value))
    return family
