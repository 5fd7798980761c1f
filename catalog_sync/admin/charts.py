"""Bar charts of the latest full syncs: a template draws them as inline SVG, beside a table of the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, log10
from statistics import median
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog_sync.admin.times import local_time
from catalog_sync.models import SyncRun
from catalog_sync.operations.costs import MIN_RUNS, timed_runs

SHOWN_RUNS = 30
# A bar that is more times as high as the others is cut off, so that the others can be compared.
OUTLIER = 4
# The area of the bars within the SVG's view box of 320 by 180.
LEFT, TOP, WIDTH, HEIGHT = 44, 20, 270, 132
CHARACTER_WIDTH, LABEL_WIDTH, WIDEST_BAR = 7, 40, 12
FIELDS = (
    *("pk", "started", "status", "page_size", "concurrency"),
    *("duration_seconds", "updated", "removed", "failures"),
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """One bar: ``values`` are stacked, one per series, and ``at`` is its place on the axis, from 0 to 1."""

    name: str
    tip: str
    at: float
    values: Sequence[float]

    @property
    def total(self) -> float:
        return sum(self.values)


@dataclass(frozen=True)
class Tick:
    """A label below the axis, at a place from 0 to 1."""

    at: float
    anchor: str
    text: str

    @property
    def x(self) -> str:
        return f"{LEFT + self.at * WIDTH:.1f}"


@dataclass(frozen=True)
class Chart:
    """A chart, and the table of its numbers.

    Attributes:
        name: the prefix of its ids in the page.
        series: the names of the colors, for a legend.
    """

    name: str
    title: str
    based_on: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    series: Sequence[str] = ()

    @property
    def description(self) -> str:
        cut_off = ", ".join(
            f"{bar.name} ({_number(bar.total)})" for bar in self.bars if bar.total > self._top
        )
        if not cut_off:
            return self.based_on
        return " ".join((self.based_on, _("Cut off: %(bars)s.") % {"bars": cut_off}))

    @property
    def top(self) -> str:
        """The label of the upper end of the axis."""
        return _number(self._top)

    @property
    def drawn_bars(self) -> Iterator[dict[str, Any]]:
        """The bars with their coordinates, as text: a template would localize numbers."""
        width = min(WIDEST_BAR, 0.8 * WIDTH / len(self.bars))
        labeled: float = -LABEL_WIDTH
        for bar in self.bars:
            middle = LEFT + bar.at * WIDTH
            is_cut_off = bar.total > self._top
            # Labels that would overlap are only in the description.
            has_label = is_cut_off and middle - labeled >= LABEL_WIDTH
            labeled = middle if has_label else labeled
            yield {
                "tip": bar.tip,
                "middle": f"{middle:.1f}",
                "x": f"{middle - width / 2:.1f}",
                "width": f"{width:.1f}",
                "parts": list(self._parts(bar)),
                "is_cut_off": is_cut_off,
                "label": _number(bar.total) if has_label else "",
            }

    def _parts(self, bar: Bar) -> Iterator[dict[str, str]]:
        below = 0.0
        for series, value in enumerate(bar.values):
            low, high = (min(each / self._top, 1) * HEIGHT for each in (below, below + value))
            below += value
            if high > low:
                yield {
                    "series": str(series),
                    "y": f"{TOP + HEIGHT - high:.1f}",
                    "height": f"{high - low:.1f}",
                }

    @cached_property
    def _top(self) -> float:
        """The highest bar that is not an outlier, rounded up to one significant digit."""
        totals = sorted(bar.total for bar in self.bars if bar.total > 0)
        # At most a tenth of the bars, and at least one, may be outliers.
        usual = totals[: -max(1, len(totals) // 10)] or totals
        if not usual:
            return 1
        highest = max(total for total in totals if total <= OUTLIER * usual[-1])
        unit = 10.0 ** floor(log10(highest))
        return ceil(highest / unit) * unit


def charts(catalog: str) -> list[Chart]:
    """Return the charts of the latest full syncs of a Catalog, without dry runs; two queries."""
    ended = SyncRun.objects.filter(
        catalog=catalog, scope=SyncRun.Scope.ALL, dry_run=False, finished__isnull=False
    ).order_by("-pk")
    shown: list[Row] = list(ended.values(*FIELDS)[:SHOWN_RUNS])[::-1]
    if not shown:
        return []
    return [_durations(shown), _changes(shown), _page_sizes(list(timed_runs(catalog).values(*FIELDS)))]


def _durations(runs: list[Row]) -> Chart:
    seconds = [run["duration_seconds"] for run in runs]
    return Chart(
        "durations",
        _("Duration in seconds"),
        _("Full syncs: %(count)s, placed by their start. Median: %(median)s s. Longest: %(longest)s s.")
        % {"count": len(runs), "median": _number(median(seconds)), "longest": _number(max(seconds))},
        (_("Sync run"), _("Started"), _("Status"), _("Seconds")),
        [
            (*_name(run), str(SyncRun.Status(run["status"]).label), _number(run["duration_seconds"]))
            for run in runs
        ],
        _bars_by_time(runs, [_by_success(run) for run in runs]),
        _ticks_of_time(runs),
        (_("succeeded"), _("not succeeded")),
    )


def _by_success(run: Row) -> tuple[float, float]:
    seconds = run["duration_seconds"]
    return (seconds, 0) if run["status"] == SyncRun.Status.SUCCEEDED else (0, seconds)


def _changes(runs: list[Row]) -> Chart:
    names = {"updated": _("updated"), "removed": _("removed"), "failures": _("failures")}
    return Chart(
        "changes",
        _("Changed course overviews"),
        _("Full syncs: %(count)s, placed by their start. %(changed)s of them changed something.")
        % {"count": len(runs), "changed": sum(1 for run in runs if run["updated"] or run["removed"])},
        (_("Sync run"), _("Started"), *(label.capitalize() for label in names.values())),
        [(*_name(run), *(_number(run[name]) for name in names)) for run in runs],
        _bars_by_time(runs, [[run[name] for name in names] for run in runs]),
        _ticks_of_time(runs),
        tuple(names.values()),
    )


def _bars_by_time(runs: list[Row], values: Sequence[Sequence[float]]) -> list[Bar]:
    first = min(run["started"] for run in runs)
    span = (max(run["started"] for run in runs) - first).total_seconds()
    bars = []
    for run, each in zip(runs, values, strict=True):
        name, started = _name(run)
        # The first and the last bar are inside the axis.
        at = 0.02 + 0.96 * ((run["started"] - first).total_seconds() / span) if span else 0.5
        values_of_tip = {"id": name, "started": started, "size": run["page_size"], "sum": _number(sum(each))}
        tip = _("%(id)s (%(started)s), page size %(size)s: %(sum)s") % values_of_tip
        bars.append(Bar(_("sync run %(id)s") % {"id": name}, tip, at, each))
    return bars


def _ticks_of_time(runs: list[Row]) -> list[Tick]:
    times = [run["started"] for run in runs]
    first, last = (date_format(localtime(time), "M j, H:i") for time in (min(times), max(times)))
    return [Tick(0.5, "middle", first)] if first == last else [Tick(0, "start", first), Tick(1, "end", last)]


def _page_sizes(runs: list[Row]) -> Chart:
    durations: dict[tuple[int, int], list[float]] = {}
    for run in runs:
        durations.setdefault((run["page_size"], run["concurrency"]), []).append(run["duration_seconds"])
    medians = {setting: median(durations[setting]) for setting in sorted(durations)}
    labels = [f"{_number(size)} / {concurrency}" for size, concurrency in medians]
    places = [(index + 0.5) / len(labels) for index in range(len(labels))]
    longest = max(map(len, labels), default=0) + 1
    per_label = max(1, ceil(CHARACTER_WIDTH * longest * len(labels) / WIDTH))
    proven = {setting: medians[setting] for setting in medians if len(durations[setting]) >= MIN_RUNS}
    return Chart(
        "page-sizes",
        _("Seconds by page size"),
        _("Full syncs that bypassed the Catalog's cache: %(count)s.") % {"count": len(runs)}
        + " "
        + _recommendation(proven),
        (_("Page size"), _("Concurrency"), _("Full syncs"), _("Seconds (median)")),
        [
            (_number(size), str(concurrency), str(len(durations[size, concurrency])), _number(seconds))
            for (size, concurrency), seconds in medians.items()
        ],
        [
            Bar(
                label,
                _("page size %(size)s, concurrency %(concurrency)s: %(seconds)s s, full syncs: %(count)s")
                % {
                    "size": _number(setting[0]),
                    "concurrency": setting[1],
                    "seconds": _number(seconds),
                    "count": len(durations[setting]),
                },
                at,
                (seconds, 0) if setting in proven else (0, seconds),
            )
            for label, at, (setting, seconds) in zip(labels, places, medians.items(), strict=True)
        ],
        [Tick(at, "middle", label) for at, label in list(zip(places, labels, strict=True))[::per_label]],
        (_("three full syncs or more"), _("fewer")),
    )


def _recommendation(medians: dict[tuple[int, int], float]) -> str:
    if len(medians) < 2:
        return _(
            "Too few to recommend a page size: that needs two page sizes with at least three of these syncs each."
        )
    size, concurrency = min(medians, key=lambda setting: medians[setting])
    return _(
        "Median duration per page size and concurrency. The fastest was page size %(size)s with concurrency "
        "%(concurrency)s: %(seconds)s s."
    ) % {"size": _number(size), "concurrency": concurrency, "seconds": _number(medians[size, concurrency])}


def _name(run: Row) -> tuple[str, str]:
    return str(run["pk"]), local_time(run["started"])


def _number(value: float) -> str:
    places = 0 if isinstance(value, int) or value >= 100 or float(value).is_integer() else 1
    return str(number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True))
