"""Charts of the latest syncs, as SVG that stands in the page: no script, colors from the page's style sheet.

They are drawn by pygal, which the extra ``charts`` installs. Without it each chart is its table.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log10
from statistics import median
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from django.utils.formats import date_format, number_format
from django.utils.safestring import mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog_sync.models import SyncRun
from catalog_sync.operations.costs import LATEST_RUNS

try:
    import pygal
    from pygal.style import Style
except ImportError:  # the extra is not installed
    pygal = None
else:
    # For its maps, which nobody asks for here, it puts a finder of an old kind before every import of the host.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

SHOWN_RUNS = 30
SIZE = {"width": 320, "height": 220}
FONT_SIZE = 12
# Labels nearer to each other than this share of the axis would overlap.
LEAST_GAP = 0.13
# What pygal draws for its own script.
OF_THE_SCRIPT = ("tooltip-overlay", "text-overlay")
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
class Chart:
    """A chart, and the table of its numbers for who cannot see it.

    Attributes:
        name: what its ids in the page begin with.
        svg: empty without pygal, or if there is nothing to draw.
    """

    name: str
    title: str
    description: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    svg: str = ""


def can_draw() -> bool:
    """Tell whether the library that draws is installed."""
    return pygal is not None


def charts(catalog: str) -> list[Chart]:
    """Return the charts of the latest full syncs of a Catalog; one query."""
    ended = SyncRun.objects.filter(catalog=catalog, scope=SyncRun.Scope.ALL, finished__isnull=False)
    runs: list[Row] = list(ended.order_by("-pk").values(*FIELDS)[:LATEST_RUNS])
    real = [run for run in runs if not run["dry_run"]][:SHOWN_RUNS][::-1]
    # A run that has no page size ended before it had found one.
    succeeded = [run for run in runs if run["status"] == SyncRun.Status.SUCCEEDED and run["page_size"]]
    return [_durations(real), _changes(real), _page_sizes(succeeded)] if runs else []


def _durations(runs: list[Row]) -> Chart:
    seconds = [run["duration_seconds"] for run in runs]
    description = _("No full sync has ended yet.")
    if seconds:
        description = _(
            "The last %(count)s full syncs, oldest first: %(median)s s in the median, %(most)s s at most."
        ) % {
            "count": len(runs),
            "median": _number(median(seconds)),
            "most": _number(max(seconds)),
        }
    fine = [run["status"] == SyncRun.Status.SUCCEEDED for run in runs]
    series = {
        _("succeeded"): [
            _bar(run, run["duration_seconds"] if ok else None) for run, ok in zip(runs, fine, strict=True)
        ],
        _("not succeeded"): [
            _bar(run, None if ok else run["duration_seconds"]) for run, ok in zip(runs, fine, strict=True)
        ],
    }
    return _finish(
        Chart(
            "durations",
            _("Seconds a sync took"),
            description,
            (_("Sync run"), _("Started"), _("Status"), _("Seconds")),
            [(*_name(run), run["status"], _number(run["duration_seconds"])) for run in runs],
        ),
        lambda: _bars(runs, series),
    )


def _changes(runs: list[Row]) -> Chart:
    changed = sum(1 for run in runs if run["updated"] or run["removed"])
    names = {"updated": _("updated"), "removed": _("removed"), "failures": _("failures")}
    series = {label: [_bar(run, run[name]) for run in runs] for name, label in names.items()}
    return _finish(
        Chart(
            "changes",
            _("Changed course overviews"),
            _("Of the last %(count)s full syncs, oldest first, %(changed)s changed something.")
            % {"count": len(runs), "changed": changed},
            (_("Sync run"), _("Started"), *(label.capitalize() for label in names.values())),
            [(*_name(run), *(_number(run[name]) for name in names)) for run in runs],
        ),
        lambda: _bars(runs, series),
    )


def _page_sizes(runs: list[Row]) -> Chart:
    by_setting: dict[tuple[int, int], list[Row]] = {}
    for run in runs:
        by_setting.setdefault((run["page_size"], run["concurrency"]), []).append(run)
    medians = {
        each: median(run["duration_seconds"] for run in by_setting[each]) for each in sorted(by_setting)
    }
    description = _("No full sync has succeeded yet.")
    if medians:
        best = min(medians, key=lambda each: medians[each])
        description = _(
            "Each dot is a full sync that succeeded. Page size %(size)s with %(concurrency)s requests at once took "
            "least: %(seconds)s s in the median."
        ) % {"size": _number(best[0]), "concurrency": best[1], "seconds": _number(medians[best])}
    return _finish(
        Chart(
            "page-sizes",
            _("Seconds by page size"),
            description,
            (_("Page size"), _("Requests at once"), _("Syncs"), _("Seconds, median")),
            [
                (_number(size), str(concurrency), str(len(by_setting[size, concurrency])), _number(seconds))
                for (size, concurrency), seconds in medians.items()
            ],
        ),
        lambda: _dots(runs),
    )


def _finish(chart: Chart, draw: Callable[[], Any]) -> Chart:
    if pygal is None or not chart.rows:
        return chart
    drawing = draw()
    drawing.add_xml_filter(lambda root: _accessible(root, chart))
    svg = drawing.render(is_unicode=True)
    return replace(chart, svg=mark_safe(svg))  # noqa: S308


def _bars(runs: list[Row], series: dict[str, list[Row]]) -> Any:
    drawing = pygal.StackedBar(
        **_common(),
        x_labels=[str(run["pk"]) for run in runs],
        x_labels_major_count=6,
        show_minor_x_labels=False,
    )
    for label, values in series.items():
        drawing.add(label, values)
    return drawing


def _dots(runs: list[Row]) -> Any:
    sizes = sorted(run["page_size"] for run in runs)
    concurrencies = sorted({run["concurrency"] for run in runs})
    drawing = pygal.XY(
        **_common(),
        legend_at_bottom_columns=len(concurrencies),
        stroke=False,
        dots_size=4,
        x_labels=[{"label": _number(size), "value": log10(size)} for size in _apart(sizes)],
        # A single page size would be an axis without length.
        xrange=(log10(sizes[0]) - 0.2, log10(sizes[-1]) + 0.2),
        range=(0, max(run["duration_seconds"] for run in runs) * 1.05 or 1),
    )
    for concurrency in concurrencies:
        drawing.add(
            _("%(concurrency)s at once") % {"concurrency": concurrency},
            [
                {
                    "value": (log10(run["page_size"]), run["duration_seconds"]),
                    "label": _tip(run, run["duration_seconds"]),
                }
                for run in runs
                if run["concurrency"] == concurrency
            ],
        )
    return drawing


def _apart(sizes: list[int]) -> list[int]:
    """Return those page sizes whose labels have room, the most used first of all."""
    gap = LEAST_GAP * (log10(max(sizes)) - log10(min(sizes)))
    labeled: list[int] = []
    for size, _count in Counter(sizes).most_common():
        if all(abs(log10(size) - log10(other)) > gap for other in labeled):
            labeled.append(size)
    return sorted(labeled)


def _common() -> dict[str, Any]:
    return {
        **SIZE,
        "disable_xml_declaration": True,
        "js": [],
        "legend_at_bottom": True,
        "truncate_legend": -1,
        "truncate_label": -1,
        "margin": 8,
        "y_labels_major_count": 3,
        "show_minor_y_labels": False,
        "value_formatter": _number,
        "no_data_text": "",
        # The colors are the style sheet's; these sizes only keep room for its text.
        "style": Style(
            label_font_size=FONT_SIZE, major_label_font_size=FONT_SIZE, legend_font_size=FONT_SIZE
        ),
    }


def _bar(run: Row, value: float | None) -> Row:
    return {"value": value, "label": _tip(run, value)}


def _tip(run: Row, value: float | None) -> str:
    name, started = _name(run)
    return f"{name} ({started}), {_('page size')} {run['page_size']}: {_number(value or 0)}"


def _name(run: Row) -> tuple[str, str]:
    return str(run["pk"]), date_format(localtime(run["started"]), "SHORT_DATETIME_FORMAT")


def _number(value: float) -> str:
    places = 0 if isinstance(value, int) or value >= 100 or float(value).is_integer() else 1
    return str(number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True))


def _accessible(root: Element, chart: Chart) -> Element:
    """Leave of pygal's drawing what needs no script, name it, and give each bar and dot its tool tip."""
    root.attrib.pop("id", None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{chart.name}-title {chart.name}-desc")
    _strip(root)
    for tag, text in (("desc", chart.description), ("title", chart.title)):
        element = Element(tag, {"id": f"{chart.name}-{tag}"})
        element.text = text
        root.insert(0, element)
    return root


def _strip(node: Element) -> None:
    tip = next((child.text for child in node if child.tag == "desc" and child.get("class") == "label"), None)
    for child in list(node):
        drawn_for_script = child.tag in ("desc", "defs", "title") or not isinstance(child.tag, str)
        if drawn_for_script or any(name in child.get("class", "") for name in OF_THE_SCRIPT):
            node.remove(child)
        else:
            child.attrib.pop("id", None)
            _strip(child)
    if tip:
        SubElement(node, "title").text = tip
