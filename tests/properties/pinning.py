"""Histories in which an operator pins and unpins, too."""

from __future__ import annotations

from hypothesis import strategies as st

from catalog_sync.api import pin_marketing_url, unpin_marketing_url
from catalog_sync.course_keys import parent_of_ccx
from catalog_sync.models import PinnedMarketingUrl
from tests.properties import histories
from tests.properties.model_catalog import Run
from tests.properties.model_lms import expected_urls

PINNABLE = [*histories.PLAIN[:3], histories.CCX[0], histories.CCX[1], histories.OLD_STYLE[0]]
pin_urls = st.sampled_from(["https://www.example.com/pinned", "https://www.example.com/pinned-otherwise"])
pin_moves = st.builds(
    histories.Move,
    histories.moments,
    st.just("pin"),
    st.sampled_from(PINNABLE),
    st.builds(Run, pin_urls) | st.none(),
)
few_moves = st.lists(
    st.builds(
        histories.Move,
        histories.moments,
        st.just("catalog"),
        st.sampled_from(PINNABLE),
        histories.runs | st.none(),
    )
    | histories.lms_moves
    | histories.landslides
    | pin_moves
    | pin_moves,
    max_size=14,
)


class PinningHistory(histories.History):
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
