"""Bar charts of the latest full syncs: a template draws them as inline SVG, beside a table of the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from statistics import median
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog_sync.models import SyncRun
from catalog_sync.operations.costs import LATEST_RUNS

SHOWN_RUNS = 30
# The area of the bars within the SVG's view box of 320 by 180.
LEFT, TOP, WIDTH, HEIGHT = 44, 12, 270, 140
CHARACTER_WIDTH = 7
GAP = 0.2  # between bars, as a share of their distance
FIELDS = (
    "pk",
    "started",
    "status",
    "dry_run",
    "page_size",
    "concurrency",
    "duration_seconds",
    "updated",
    "removed",
    "failures",
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """One bar: ``values`` are stacked, one per series."""

    label: str
    tip: str
    values: Sequence[float]


@dataclass(frozen=True)
class Chart:
    """A chart, and the table of its numbers.

    Attributes:
        name: the prefix of its ids in the page.
        series: the names of the colors, for a legend.
    """

    name: str
    title: str
    description: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    bars: Sequence[Bar]
    series: Sequence[str] = ()

    @property
    def top(self) -> str:
        """The label of the upper end of the axis."""
        return _number(self._top)

    @property
    def drawn_bars(self) -> Iterator[dict[str, Any]]:
        """The bars with their coordinates, as text: a template would localize numbers."""
        slot = WIDTH / len(self.bars)
        label_width = CHARACTER_WIDTH * (max(len(bar.label) for bar in self.bars) + 1)
        bars_per_label = ceil(label_width / slot)
        for index, bar in enumerate(self.bars):
            yield {
                "tip": bar.tip,
                "label": bar.label if index % bars_per_label == 0 else "",
                "middle": f"{LEFT + (index + 0.5) * slot:.1f}",
                "x": f"{LEFT + (index + GAP / 2) * slot:.1f}",
                "width": f"{(1 - GAP) * slot:.1f}",
                "parts": list(self._parts(bar)),
            }

    def _parts(self, bar: Bar) -> Iterator[dict[str, str]]:
        y = float(TOP + HEIGHT)
        for series, value in enumerate(bar.values):
            height = value / self._top * HEIGHT
            y -= height
            if value:
                yield {"series": str(series), "y": f"{y:.1f}", "height": f"{height:.1f}"}

    @property
    def _top(self) -> float:
        """The highest bar, rounded up to one significant digit."""
        highest = max(sum(bar.values) for bar in self.bars)
        if highest <= 0:
            return 1
        unit = 10.0 ** floor(log10(highest))
        return ceil(highest / unit) * unit


def charts(catalog: str) -> list[Chart]:
    """Return the charts of the latest full syncs of a Catalog; one query."""
    ended = SyncRun.objects.filter(catalog=catalog, scope=SyncRun.Scope.ALL, finished__isnull=False)
    runs: list[Row] = list(ended.order_by("-pk").values(*FIELDS)[:LATEST_RUNS])
    shown = [run for run in runs if not run["dry_run"]][:SHOWN_RUNS][::-1]
    # A sync run without a page size ended before it had chosen one.
    succeeded = [run for run in runs if run["status"] == SyncRun.Status.SUCCEEDED and run["page_size"]]
    return [_durations(shown), _changes(shown), _page_sizes(succeeded)] if runs else []


def _durations(runs: list[Row]) -> Chart:
    seconds = [run["duration_seconds"] for run in runs]
    description = _("No full sync has ended yet.")
    if seconds:
        description = _(
            "The last %(count)s full syncs, oldest first. Median: %(median)s s. Longest: %(longest)s s."
        ) % {"count": len(runs), "median": _number(median(seconds)), "longest": _number(max(seconds))}
    return Chart(
        "durations",
        _("Duration in seconds"),
        description,
        (_("Sync run"), _("Started"), _("Status"), _("Seconds")),
        [(*_name(run), run["status"], _number(run["duration_seconds"])) for run in runs],
        [
            _bar(
                run, [run["duration_seconds"] * has_succeeded, run["duration_seconds"] * (not has_succeeded)]
            )
            for run in runs
            for has_succeeded in [run["status"] == SyncRun.Status.SUCCEEDED]
        ],
        (_("succeeded"), _("not succeeded")),
    )


def _changes(runs: list[Row]) -> Chart:
    names = {"updated": _("updated"), "removed": _("removed"), "failures": _("failures")}
    return Chart(
        "changes",
        _("Changed course overviews"),
        _("%(changed)s of the last %(count)s full syncs, oldest first, changed something.")
        % {"count": len(runs), "changed": sum(1 for run in runs if run["updated"] or run["removed"])},
        (_("Sync run"), _("Started"), *(label.capitalize() for label in names.values())),
        [(*_name(run), *(_number(run[name]) for name in names)) for run in runs],
        [_bar(run, [run[name] for name in names]) for run in runs],
        tuple(names.values()),
    )


def _page_sizes(runs: list[Row]) -> Chart:
    durations: dict[tuple[int, int], list[float]] = {}
    for run in runs:
        durations.setdefault((run["page_size"], run["concurrency"]), []).append(run["duration_seconds"])
    medians = {setting: median(durations[setting]) for setting in sorted(durations)}
    description = _("No full sync has succeeded yet.")
    if medians:
        fastest = min(medians, key=lambda setting: medians[setting])
        description = _(
            "Median duration per page size and concurrency. The fastest was page size %(size)s with concurrency "
            "%(concurrency)s: %(seconds)s s."
        ) % {"size": _number(fastest[0]), "concurrency": fastest[1], "seconds": _number(medians[fastest])}
    return Chart(
        "page-sizes",
        _("Seconds by page size"),
        description,
        (_("Page size"), _("Concurrency"), _("Full syncs"), _("Seconds (median)")),
        [
            (_number(size), str(concurrency), str(len(durations[size, concurrency])), _number(seconds))
            for (size, concurrency), seconds in medians.items()
        ],
        [
            Bar(
                f"{_number(size)} / {concurrency}",
                f"{_('page size')} {_number(size)}, {_('concurrency')} {concurrency}: {_number(seconds)} s",
                (seconds,),
            )
            for (size, concurrency), seconds in medians.items()
        ],
    )


def _bar(run: Row, values: Sequence[float]) -> Bar:
    name, started = _name(run)
    total = _number(sum(values))
    return Bar(name, f"{name} ({started}), {_('page size')} {run['page_size']}: {total}", values)


def _name(run: Row) -> tuple[str, str]:
    return str(run["pk"]), date_format(localtime(run["started"]), "SHORT_DATETIME_FORMAT")


def _number(value: float) -> str:
    places = 0 if isinstance(value, int) or value >= 100 or float(value).is_integer() else 1
    return str(number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True))
