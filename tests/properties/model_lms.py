"""A model of an LMS that publishes, deletes and re-creates courses while a sync runs, on the real tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog_sync.course_keys import parent_of_ccx
from sandbox.lms.course_overviews.models import CourseOverview
from sandbox.lms.course_overviews.publishing import publish_course
from tests.factories import add_course_overviews
from tests.properties.model_catalog import KEPT, ModelCatalog


@dataclass
class ModelLms:
    """What happens to course overviews, and which of them the next sync may leave wrong.

    Attributes:
        past: the URLs that each course overview has had since ``forget_the_past``.
        unannounced: the keys that were written without a signal; the next sync corrects them.
    """

    past: dict[str, set[str | None]] = field(default_factory=dict)
    unannounced: set[str] = field(default_factory=set)

    def publish(self, key: str) -> None:
        """Delete and re-create, or create."""
        publish_course(key)
        self.note(key)

    def save(self, key: str) -> None:
        """Save in place, as an LMS that updates course overviews does."""
        for course_overview in CourseOverview.objects.filter(pk=key):
            course_overview.save()
        self.note(key)

    def delete(self, key: str) -> None:
        CourseOverview.objects.filter(pk=key).delete()

    def bulk_create(self, key: str) -> None:
        """Create without a signal, and so without a URL."""
        self.delete(key)
        add_course_overviews(key)
        self.unannounced.add(key)
        self.note(key)

    def write_foreign_url(self, key: str) -> None:
        """Write a URL without a signal, as another tool may."""
        CourseOverview.objects.filter(pk=key).update(marketing_url="https://other.example.com/tool")
        self.unannounced.add(key)
        self.note(key)

    def marketing_urls(self) -> dict[str, str | None]:
        return {str(key): url for key, url in CourseOverview.objects.values_list("id", "marketing_url")}

    def note(self, key: str) -> None:
        urls = self.marketing_urls()
        if key in urls:
            self.past.setdefault(key, set()).add(urls[key])

    def forget_the_past(self) -> None:
        self.past = {key: {url} for key, url in self.marketing_urls().items()}
        self.unannounced.clear()


def expected_urls(catalog: ModelCatalog, key: str) -> set[str | None]:
    """Return the URLs that a course overview may have: a CCX course without a URL has that of its parent course run."""
    own = catalog.expected_urls(key)
    parent = parent_of_ccx(key)
    if parent is None or not own & {None, KEPT}:
        return own
    return own - {None} | catalog.expected_urls(parent)
