"""Histories in which an operator pins and unpins, too: the LMS has the pinned URL, else that of the Catalog."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.api import pin_marketing_url, unpin_marketing_url
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.models import PinnedMarketingUrl
from tests.properties import examples
from tests.properties import test_histories as the_histories
from tests.properties.model_catalog import Run
from tests.properties.model_lms import expected_urls

PINNABLE = [*the_histories.PLAIN[:3], the_histories.CCX[0], the_histories.CCX[1], the_histories.OLD_STYLE[0]]
pin_urls = st.sampled_from(["https://www.example.com/pinned", "https://www.example.com/pinned-otherwise"])
pin_moves = st.builds(
    the_histories.Move,
    the_histories.moments,
    st.just("pin"),
    st.sampled_from(PINNABLE),
    st.builds(Run, pin_urls) | st.none(),
)
few_moves = st.lists(
    st.builds(
        the_histories.Move,
        the_histories.moments,
        st.just("catalog"),
        st.sampled_from(PINNABLE),
        the_histories.runs | st.none(),
    )
    | the_histories.lms_moves
    | the_histories.landslides
    | pin_moves
    | pin_moves,
    max_size=14,
)


class PinningHistory(the_histories.History):
    """A history in which an operator pins and unpins, too."""

    def apply(self, moves, number):
        for move in moves:
            if move.kind != "pin":
                super().apply([move], number)
            elif move.before == number:
                if move.run:
                    pin_marketing_url(move.key, move.run.url)
                else:
                    self._unpin(move.key)
                for key in self.lms.marketing_urls():
                    self.lms.note(key)

    def _unpin(self, key):
        pin = PinnedMarketingUrl.objects.filter(course_key=key).first()
        unpin_marketing_url(key)
        if pin and pin.previous_url and self.lms.marketing_urls().get(key) == pin.previous_url:
            # The URL of another tool has come back, for the next sync to check.
            self.lms.unannounced.add(key)

    def wrong(self):
        """Return the marketing URLs that are neither pinned nor, without a pin, those of the Catalog."""
        pins = dict(PinnedMarketingUrl.objects.values_list("course_key", "url"))
        wrong = {}
        for key, url in self.lms.marketing_urls().items():
            parent_pin = pins.get(parent_of_ccx(key) or "")
            allowed = {pins[key]} if key in pins else expected_urls(self.catalog, key)
            if key not in pins and parent_pin:
                # Its own URL, if it has one, overrides the pin of its parent course run.
                allowed = (self.catalog.expected_urls(key) - {None}) | {parent_pin}
            if key not in self.lms.unannounced and url not in allowed:
                wrong[key] = url
        return wrong


@pytest.mark.django_db(transaction=True)
class TestHistories:
    """Whatever the Catalog, the LMS and the operator do meanwhile."""

    @pytest.fixture(autouse=True)
    def without_threads(self):
        with the_histories.without_threads():
            yield

    @given(st.sets(st.sampled_from(PINNABLE)), few_moves, few_moves, the_histories.options())
    @examples(60)
    def test_pinned_url_overrides_the_catalog(self, overviews, first_moves, moves, chosen):
        history = PinningHistory(dict.fromkeys(PINNABLE[::2], the_histories.FULL), overviews, set())
        history.sync(first_moves, allow_removals=True)
        report = history.sync(moves, **chosen)
        assert report.status != "succeeded" or not history.wrong()

    @given(st.sets(st.sampled_from(PINNABLE)), few_moves, few_moves)
    @examples(40)
    def test_unpinning_everything_restores_the_urls_of_the_catalog(self, overviews, first_moves, moves):
        history = PinningHistory(dict.fromkeys(PINNABLE[::2], the_histories.FULL), overviews, set())
        history.sync(first_moves, allow_removals=True)
        history.sync(moves, allow_removals=True)
        for key in PINNABLE:
            unpin_marketing_url(key)
        history.sync([], allow_removals=True)
        assert not history.wrong()
