"""The charts above the list of sync runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from catalog_sync.admin.charts import charts
from catalog_sync.models import SyncRun
from tests.unit.admin.sync_runs import add_runs, content

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 11, 2, 5, 0, tzinfo=UTC)


def svgs(client):
    page = content(client)
    found = [f"<svg{part.partition('</svg>')[0]}</svg>" for part in page.split("<svg")[1:]]
    return [ElementTree.fromstring(svg) for svg in found if "-desc" in svg]


def bars(client, chart=0):
    return [rect for rect in svgs(client)[chart].iter() if rect.tag == "rect"]


def heights(client, chart=0):
    return [float(rect.get("height")) for rect in bars(client, chart)]


def add_durations(*durations):
    for seconds in durations:
        add_runs(1, duration_seconds=seconds)


def add_measured(count, **values):
    add_runs(count, bypassed_cache=True, **values)


def test_each_has_a_title_a_description_a_table_and_no_script_or_style(viewer):
    add_measured(5)
    roots = svgs(viewer)
    assert len(roots) == content(viewer).count("<summary>As a table") == 3
    for root in roots:
        title, description = list(root)[:2]
        assert root.get("role") == "img"
        assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
        assert title.text
        assert description.text
        assert not [each for each in root.iter() if each.tag in ("script", "style") or each.get("style")]


@pytest.mark.parametrize(
    ("values", "colors"),
    [
        ({"dry_run": True}, []),
        ({"status": "failed"}, [{"1"}, set()]),
        ({"page_size": 0}, [{"0"}, set()]),
        ({"bypassed_cache": False}, [{"0"}, set()]),
        ({"duration_seconds": 0}, [set(), set(), set()]),
        ({"updated": 7, "removed": 2, "failures": 1}, [{"0"}, {"0", "1", "2"}, {"0"}]),
    ],
)
def test_colors_of_the_bars(values, colors, viewer):
    """A chart without bars is not drawn."""
    add_runs(3, **{"bypassed_cache": True} | values)
    assert [
        {rect.get("class")[-1] for rect in svg.iter() if rect.tag == "rect"} for svg in svgs(viewer)
    ] == colors


def test_description_has_the_number_of_sync_runs(viewer):
    add_measured(4)
    add_runs(3)
    add_runs(2, dry_run=True)
    descriptions = [chart.description for chart in charts("default")]
    assert [text.partition(".")[0] for text in descriptions] == [
        "Full syncs: 7, placed by their start",
        "Full syncs: 7, placed by their start",
        "Full syncs that bypassed the Catalog's cache: 4",
    ]


def test_two_queries(django_assert_num_queries):
    add_measured(300)
    with django_assert_num_queries(2):
        charts("default")


class TestTimeAxis:
    """Bars placed by the start of their sync run."""

    def start(self, *hours):
        add_runs(len(hours))
        for run, each in zip(SyncRun.objects.order_by("pk"), hours, strict=True):
            SyncRun.objects.filter(pk=run.pk).update(started=FIRST + timedelta(hours=each))

    def test_distances_are_proportional_to_the_time_between(self, viewer):
        self.start(0, 1, 4)
        first, second, third = (float(bar.get("x")) for bar in bars(viewer))
        assert third - first == pytest.approx(4 * (second - first), abs=0.3)

    def test_ends_are_labeled(self, viewer):
        self.start(0, 26)
        texts = [text.text for text in svgs(viewer)[0].iter() if text.tag == "text"]
        assert ("Nov 2, 05:00" in texts, "Nov 3, 07:00" in texts) == (True, True)

    def test_bars_stay_within_it(self, viewer):
        self.start(*range(30))
        edges = [(float(bar.get("x")), float(bar.get("width"))) for bar in bars(viewer)]
        assert (min(x for x, _ in edges) >= 44, max(x + width for x, width in edges) <= 314) == (True, True)

    def test_one_sync_run_is_in_the_middle(self, viewer):
        self.start(0)
        [bar] = bars(viewer)
        assert float(bar.get("x")) + float(bar.get("width")) / 2 == pytest.approx(179)


class TestOutlier:
    """A bar that is several times as high as the others."""

    def test_heights_are_proportional_without_one(self, viewer):
        add_durations(3, 6, 9)
        lowest, *others = heights(viewer)
        assert others == pytest.approx([2 * lowest, 3 * lowest], abs=0.2)

    def test_is_cut_off_marked_and_named_so_that_the_others_can_be_compared(self, viewer):
        add_durations(9, 8, 400, 9, 10)
        assert heights(viewer) == pytest.approx([132 * each for each in (0.9, 0.8, 1, 0.9, 1)], abs=0.2)
        svg = svgs(viewer)[0]
        assert [each.get("class") for each in svg.iter()].count("catalog-sync-cut") == 1
        assert "400" in [each.text for each in svg.iter() if each.tag == "text"]
        run = SyncRun.objects.get(duration_seconds=400)
        assert charts("default")[0].description.endswith(f" Cut off: sync run {run.pk} (400).")

    def test_first_sync_does_not_flatten_those_that_change_little(self, viewer):
        for updated in (3200, 0, 5, 0, 0, 8):
            add_runs(1, updated=updated)
        assert heights(viewer, 1) == pytest.approx([132, 132 * 5 / 8, 132], abs=0.2)

    def test_many_high_bars_are_no_outliers(self, viewer):
        add_durations(*[9] * 7, *[90] * 3)
        assert "Cut off" not in charts("default")[0].description

    def test_each_of_several_is_in_the_description(self, viewer):
        add_durations(*[9] * 27, 400, 500, 600)
        assert charts("default")[0].description.count("sync run") == 3


class TestPageSizes:
    """Which page size took how long."""

    def description(self):
        return charts("default")[2].description

    def test_fastest_is_named(self):
        add_measured(3, page_size=20, duration_seconds=24)
        add_measured(3, page_size=1000, duration_seconds=7.5)
        assert "The fastest was page size 1,000 with concurrency 2: 7.5 s." in self.description()

    def test_fewer_than_three_sync_runs_recommend_nothing(self):
        add_measured(3, page_size=20, duration_seconds=24)
        add_measured(2, page_size=1000, duration_seconds=7.5)
        assert ("fastest" in self.description(), "Too few" in self.description()) == (False, True)

    @pytest.mark.parametrize(
        "values", [{"dry_run": True}, {"bypassed_cache": False}, {"status": "incomplete"}]
    )
    def test_others_do_not_count(self, values):
        add_measured(3, page_size=20, duration_seconds=24)
        add_measured(3, page_size=500, duration_seconds=12)
        add_runs(3, **{"bypassed_cache": True, "page_size": 1000, "duration_seconds": 0.5} | values)
        assert "The fastest was page size 500" in self.description()

    def test_found_behind_many_that_did_not_bypass_the_cache(self):
        add_measured(3, page_size=20)
        add_measured(3, page_size=500)
        add_runs(300)
        assert "The fastest" in self.description()

    def test_many_have_fewer_labels(self):
        for size in range(100, 1300, 100):
            add_measured(1, page_size=size)
        chart = charts("default")[2]
        assert (len(chart.bars), len(chart.ticks)) == (12, 3)
