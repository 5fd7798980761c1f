"""The LMS has the pinned URL, else that of the Catalog, whatever the Catalog, the LMS and the operator do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.api import unpin_marketing_url
from tests.properties import examples
from tests.properties.histories import FULL, options
from tests.properties.pinning import PINNABLE, PinningHistory, few_moves


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("without_threads")
class TestHistories:
    """Whatever the Catalog, the LMS and the operator do meanwhile."""

    @given(st.sets(st.sampled_from(PINNABLE)), few_moves, few_moves, options())
    @examples(60)
    def test_pinned_url_overrides_the_catalog(self, overviews, first_moves, moves, chosen):
        history = PinningHistory(dict.fromkeys(PINNABLE[::2], FULL), overviews, set())
        history.sync(first_moves, allow_removals=True)
        report = history.sync(moves, **chosen)
        assert report.status != "succeeded" or not history.wrong()

    @given(st.sets(st.sampled_from(PINNABLE)), few_moves, few_moves)
    @examples(40)
    def test_unpinning_everything_restores_the_urls_of_the_catalog(self, overviews, first_moves, moves):
        history = PinningHistory(dict.fromkeys(PINNABLE[::2], FULL), overviews, set())
        history.sync(first_moves, allow_removals=True)
        history.sync(moves, allow_removals=True)
        for key in PINNABLE:
            unpin_marketing_url(key)
        history.sync([], allow_removals=True)
        assert not history.wrong()
