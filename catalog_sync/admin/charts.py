"""Bar charts of the latest full syncs: a template draws them as inline SVG, beside a table of the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, log10
from statistics import median

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog_sync.admin.base import local_time
from catalog_sync.models import SyncRun
from catalog_sync.operations.costs import MIN_RUNS, timed_runs
from catalog_sync.store.sync_runs import ended_full_syncs

SHOWN_RUNS = 30
# A bar that is more times as high as the others is cut off, so that the others can be compared.
OUTLIER = 4
# The area of the bars within the SVG's view box of 320 by 180.
LEFT, TOP, WIDTH, HEIGHT = 44, 20, 270, 132
CHARACTER_WIDTH, LABEL_WIDTH, WIDEST_BAR = 7, 40, 12


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
class DrawnBar:
    """A bar with its coordinates.

    Attributes:
        parts: the series, the upper end and the height of each value that is not 0.
        label: its total, if the bar is cut off and there is space for it.
    """

    tip: str
    middle: float
    width: float
    parts: Sequence[tuple[int, float, float]]
    is_cut_off: bool
    label: str

    @property
    def x(self) -> float:
        return self.middle - self.width / 2


@dataclass(frozen=True)
class Tick:
    """A label below the axis."""

    x: float
    anchor: str
    text: str


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
    series: Sequence[str]

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
    def drawn_bars(self) -> Iterator[DrawnBar]:
        width = min(WIDEST_BAR, 0.8 * WIDTH / len(self.bars))
        labeled: float = -LABEL_WIDTH
        for bar in self.bars:
            middle, is_cut_off, label = _x(bar.at), bar.total > self._top, ""
            if is_cut_off and middle - labeled >= LABEL_WIDTH:
                label, labeled = _number(bar.total), middle
            yield DrawnBar(bar.tip, middle, width, list(self._parts(bar)), is_cut_off, label)

    def _parts(self, bar: Bar) -> Iterator[tuple[int, float, float]]:
        below = 0.0
        for series, value in enumerate(bar.values):
            low, high = (min(each / self._top, 1) * HEIGHT for each in (below, below + value))
            below += value
            if high > low:
                yield series, TOP + HEIGHT - high, high - low

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
    shown = list(ended_full_syncs(catalog)[:SHOWN_RUNS])[::-1]
    if not shown:
        return []
    return [_durations(shown), _changes(shown), _page_sizes(list(timed_runs(catalog)))]


def _durations(runs: list[SyncRun]) -> Chart:
    seconds = [run.duration_seconds for run in runs]
    return Chart(
        "durations",
        _("Duration in seconds"),
        _("Full syncs: %(count)s, placed by their start. Median: %(median)s s. Longest: %(longest)s s.")
        % {"count": len(runs), "median": _number(median(seconds)), "longest": _number(max(seconds))},
        (_("Sync run"), _("Started"), _("Status"), _("Seconds")),
        [(*_name(run), run.get_status_display(), _number(run.duration_seconds)) for run in runs],
        _bars_by_time(runs, _by_success),
        _ticks_of_time(runs),
        (_("succeeded"), _("not succeeded")),
    )


def _by_success(run: SyncRun) -> tuple[float, float]:
    seconds = run.duration_seconds
    return (seconds, 0) if run.status == SyncRun.Status.SUCCEEDED else (0, seconds)


def _changes(runs: list[SyncRun]) -> Chart:
    labels = (_("updated"), _("removed"), _("failures"))
    return Chart(
        "changes",
        _("Changed course overviews"),
        _("Full syncs: %(count)s, placed by their start. %(changed)s of them changed something.")
        % {"count": len(runs), "changed": sum(1 for run in runs if run.updated or run.removed)},
        (_("Sync run"), _("Started"), *(label.capitalize() for label in labels)),
        [(*_name(run), *map(_number, _by_change(run))) for run in runs],
        _bars_by_time(runs, _by_change),
        _ticks_of_time(runs),
        labels,
    )


def _by_change(run: SyncRun) -> tuple[int, int, int]:
    return run.updated, run.removed, run.failures


def _bars_by_time(runs: list[SyncRun], values_of: Callable[[SyncRun], Sequence[float]]) -> list[Bar]:
    first = min(run.started for run in runs)
    span = (max(run.started for run in runs) - first).total_seconds()
    bars = []
    for run in runs:
        name, started = _name(run)
        values = values_of(run)
        # The first and the last bar are inside the axis.
        at = 0.02 + 0.96 * ((run.started - first).total_seconds() / span) if span else 0.5
        numbers = {"id": name, "started": started, "size": run.page_size, "sum": _number(sum(values))}
        tip = _("%(id)s (%(started)s), page size %(size)s: %(sum)s") % numbers
        bars.append(Bar(_("sync run %(id)s") % {"id": name}, tip, at, values))
    return bars


def _ticks_of_time(runs: list[SyncRun]) -> list[Tick]:
    times = [run.started for run in runs]
    first, last = (date_format(localtime(time), "M j, H:i") for time in (min(times), max(times)))
    if first == last:
        return [Tick(_x(0.5), "middle", first)]
    return [Tick(_x(0), "start", first), Tick(_x(1), "end", last)]


@dataclass(frozen=True)
class Setting:
    """A page size and concurrency, how many full syncs used it, and their median duration."""

    page_size: str
    concurrency: str
    runs: int
    seconds: float

    @property
    def is_proven(self) -> bool:
        """Whether there are enough full syncs for a recommendation."""
        return self.runs >= MIN_RUNS


def _page_sizes(runs: list[SyncRun]) -> Chart:
    durations: dict[tuple[int, int], list[float]] = {}
    for run in runs:
        durations.setdefault((run.page_size, run.concurrency), []).append(run.duration_seconds)
    settings = [
        Setting(_number(size), str(concurrency), len(seconds), median(seconds))
        for (size, concurrency), seconds in sorted(durations.items())
    ]
    bars = [_bar_of(setting, (n + 0.5) / len(settings)) for n, setting in enumerate(settings)]
    longest = max((len(bar.name) for bar in bars), default=0) + 1
    bars_per_label = max(1, ceil(CHARACTER_WIDTH * longest * len(bars) / WIDTH))
    count = _("Full syncs that bypassed the Catalog's cache: %(count)s.") % {"count": len(runs)}
    return Chart(
        "page-sizes",
        _("Seconds by page size"),
        f"{count} {_recommendation(settings)}",
        (_("Page size"), _("Concurrency"), _("Full syncs"), _("Seconds (median)")),
        [(each.page_size, each.concurrency, str(each.runs), _number(each.seconds)) for each in settings],
        bars,
        [Tick(_x(bar.at), "middle", bar.name) for bar in bars[::bars_per_label]],
        (_("three full syncs or more"), _("fewer")),
    )


def _bar_of(setting: Setting, at: float) -> Bar:
    size, concurrency, seconds = setting.page_size, setting.concurrency, setting.seconds
    numbers = {"size": size, "concurrency": concurrency, "seconds": _number(seconds), "count": setting.runs}
    tip = _("page size %(size)s, concurrency %(concurrency)s: %(seconds)s s, full syncs: %(count)s") % numbers
    return Bar(f"{size} / {concurrency}", tip, at, (seconds, 0) if setting.is_proven else (0, seconds))


def _recommendation(settings: list[Setting]) -> str:
    proven = [each for each in settings if each.is_proven]
    if len(proven) < 2:
        return _(
            "Too few to recommend a page size: that needs two page sizes with at least three of these syncs each."
        )
    fastest = min(proven, key=lambda each: each.seconds)
    text = _(
        "Median duration per page size and concurrency. The fastest was page size %(size)s with concurrency "
        "%(concurrency)s: %(seconds)s s."
    )
    seconds = _number(fastest.seconds)
    return text % {"size": fastest.page_size, "concurrency": fastest.concurrency, "seconds": seconds}


def _x(at: float) -> float:
    return LEFT + at * WIDTH


def _name(run: SyncRun) -> tuple[str, str]:
    return str(run.pk), local_time(run.started)


def _number(value: float) -> str:
    places = 0 if isinstance(value, int) or value >= 100 or float(value).is_integer() else 1
    return str(number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True))
