"""A Catalog client whose pages take a known time."""

from __future__ import annotations

from catalog_sync.catalog_client import Page
from catalog_sync.exceptions import FailureScope, RequestFailed


class ModelledCatalog:
    """Each page takes a millisecond per course run; pages of some size and larger fail."""

    def __init__(self, count, fails_from=None, scope=FailureScope.PAGE):
        self.count, self.fails_from, self.scope = count, fails_from, scope
        self.page_ranges = []

    def seconds_of(self, page_range):
        self.page_ranges.append(page_range)
        if self.fails_from and page_range.limit >= self.fails_from:
            raise RequestFailed("https://x.example.com", "failed", "wait", scope=self.scope)
        return page_range.limit / 1_000, Page((), (), 0, self.count)
