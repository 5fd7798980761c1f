"""Pages of a long list, without counting all of it at each view."""

from __future__ import annotations

from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

# How far beyond the page in view rows are counted, in pages.
PAGES_AHEAD = 10


class AtLeast(int):
    """A number of rows that has more rows behind it."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class NearPaginator(Paginator):
    """Counts the rows as far as a few pages beyond the one in view; the rest is reached page by page, or by filters."""

    def __init__(self, *args: Any, page_in_view: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._most = (max(page_in_view, 1) + PAGES_AHEAD) * self.per_page

    @cached_property
    def count(self) -> int:
        """The number of rows, or how many there are at least."""
        rows = cast(QuerySet, self.object_list)
        counted = rows.order_by()[: self._most + 1].count()
        return AtLeast(self._most) if counted > self._most else counted
