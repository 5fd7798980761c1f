"""A dry run, the sync and another dry run agree in every number and every stored change; the changes add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from catalog_sync.models import CatalogCourseRun
from catalog_sync.store import changes
from catalog_sync.sync import removal_limits
from tests.properties import examples, histories
from tests.properties.model_catalog import Run
from tests.properties.pinning import PinningHistory, pin_moves

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("without_threads")]

# These differ between any two sync runs: the second one has the length of the list from the first, so it requests
# other pages together.
NOT_COMPARED = {"run_id", "dry_run", "duration_seconds", "seconds_per_page", "requests"}
ALL_FIELDS = {"marketing_url": "marketing_url", "content_language": "language"}

runs = histories.runs | st.builds(
    Run, st.sampled_from(["course/relative", "javascript:alert(1)"]), st.just("published")
)
languages = st.dictionaries(st.sampled_from(histories.CATALOG_KEYS), st.sampled_from(["en", "fr"]))
catalog_moves = st.builds(
    histories.Move,
    histories.moments,
    st.just("catalog"),
    st.sampled_from(histories.CATALOG_KEYS),
    runs | st.none(),
)
foreign_moves = st.builds(
    histories.Move,
    histories.moments,
    st.just("write_foreign_url"),
    st.sampled_from(histories.LMS_KEYS),
)
moves = st.lists(
    catalog_moves | histories.lms_moves | histories.landslides | foreign_moves | pin_moves,
    max_size=14,
)


@pytest.fixture(autouse=True)
def _all_fields_and_no_minimum_of_removals(monkeypatch, settings):
    settings.CATALOG_SYNC_FIELDS = ALL_FIELDS
    monkeypatch.setattr(removal_limits, "ALWAYS_ALLOWED", 0)


def numbers(report):
    # A dry run has no button.
    message = report.message.replace("choose Allow these removals in Django admin, or ", "")
    values = msgspec.structs.asdict(report) | {"message": message}
    return {name: value for name, value in values.items() if name not in NOT_COMPARED}


def stored_changes(report):
    return sorted(changes.read(report.run_id), key=repr)


@given(
    st.dictionaries(st.sampled_from(histories.CATALOG_KEYS), runs),
    languages,
    languages,
    histories.some_keys,
    histories.some_keys,
    moves,
    moves,
    st.booleans(),
    histories.options(),
)
@examples(120)
def test_dry_run_and_sync_agree(
    catalog_runs,
    first_languages,
    later_languages,
    overviews,
    foreign,
    first_moves,
    later_moves,
    is_store_empty,
    chosen,
):
    history = PinningHistory(catalog_runs, overviews, foreign)
    history.catalog.languages = first_languages
    history.sync([replace(move, before=0) for move in first_moves], allow_removals=True)
    for move in later_moves:
        history.apply([move], move.before)
    history.catalog.languages = later_languages
    if is_store_empty:
        CatalogCourseRun.objects.all()._raw_delete("default")

    before = history.sync([], **chosen, dry_run=True)
    done = history.sync([], **chosen)
    after = history.sync([], **chosen, dry_run=True)

    assert numbers(before) == numbers(done)
    assert stored_changes(before) == stored_changes(done)
    kinds = Counter(change.kind for change in stored_changes(done))
    assert (kinds["changed"], kinds["rejected"]) == (done.updated, done.course_runs_rejected)
    if done.status == "refused":
        assert f"Refused to remove {kinds['removed']} of " in done.message
        # The sync has published to CCX courses since, so the removals may be a smaller share now.
        assert after.updated == 0
        return
    assert kinds["removed"] == done.removed
    # The removed ones may be matched or not.
    rest = done.matched - done.updated
    assert max(0, rest - done.removed) <= done.unchanged <= max(0, rest)
    nothing_left = {"updated": 0, "unchanged": done.matched, "removed": 0}
    assert numbers(after) == numbers(done) | nothing_left | {"pages": after.pages}
    event(f"{dict.fromkeys(sorted(kinds), True)}")
