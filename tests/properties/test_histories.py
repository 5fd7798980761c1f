"""No URL is lost or wrong while the Catalog changes between requests and the LMS publishes."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.properties import examples
from tests.properties.histories import (
    CATALOG_KEYS,
    FULL,
    LMS_KEYS,
    History,
    beginnings,
    catalog_moves,
    great_landslides,
    landslides,
    lms_moves,
    moments,
    moves,
    options,
    unfit_moves,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("without_threads")]


@given(beginnings, moves, options())
@examples(120)
def test_successful_sync_writes_the_urls_of_the_catalog(begin, moves, chosen):
    history = begin()
    report = history.sync(moves, **chosen)
    assume(report.status == "succeeded")
    assert not history.wrong()


@given(beginnings, moves, moves, options())
@examples(120)
def test_second_successful_sync_writes_the_urls_of_the_catalog(begin, first_moves, moves, chosen):
    history = begin()
    history.sync(first_moves, allow_removals=True)
    report = history.sync(moves, **chosen)
    assume(report.status == "succeeded")
    assert not history.wrong()


@given(
    beginnings,
    moves,
    st.lists(catalog_moves | lms_moves | landslides | unfit_moves, max_size=14),
    options(),
    st.dictionaries(moments, st.sampled_from([404, 429, 500, 503]), max_size=3),
)
@examples(120)
def test_no_sync_writes_a_wrong_url(begin, first_moves, moves, chosen, failing):
    history = begin()
    history.sync(first_moves, allow_removals=True)
    history.sync(moves, failing, **chosen)
    assert not history.worse()


@given(beginnings, moves, moves, options(), st.dictionaries(moments, st.sampled_from([404, 500]), max_size=3))
@examples(80)
def test_next_sync_without_changes_corrects_everything(begin, first_moves, moves, chosen, failing):
    history = begin()
    history.sync(first_moves, allow_removals=True)
    history.sync(moves, failing, **chosen)
    report = history.sync([], allow_removals=True)
    history.lms.unannounced.clear()
    assert (report.status, history.wrong()) == ("succeeded", {})


@given(great_landslides, moves, options())
@examples(80)
def test_refused_sync_removes_nothing(landslide, moves, chosen):
    history = History(dict.fromkeys(CATALOG_KEYS, FULL), set(LMS_KEYS), set())
    history.sync([])
    before = history.lms.marketing_urls()
    refusing = {"allow_removals": False, "max_removal_percent": 10}
    report = history.sync([landslide, *moves], **chosen | refusing)
    assume(report.status == "refused")
    after = history.lms.marketing_urls()
    emptied = {key for key in before.keys() & after.keys() if before[key] and not after[key]}
    assert emptied <= history.lms.unannounced
