"""The course overview: one row per course run, for the lists and APIs of the LMS."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from django.db import models
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.translation import get_language
from opaque_keys.edx.django.models import CourseKeyField
from simple_history.models import HistoricalRecords

from catalog_sync.models import MarketingUrlMixin

# Open edX gives this start to courses whose author has set none.
DEFAULT_START_DATE = datetime(2030, 1, 1, tzinfo=UTC)


class TimeStampedModel(models.Model):
    """Adds ``created`` and ``modified``, as django-model-utils does in edx-platform.

    Only ``save()`` updates ``modified``; with ``update()`` or ``bulk_update()`` the caller must set it.
    """

    created = models.DateTimeField(default=timezone.now, editable=False)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def save(self, *args, **kwargs) -> None:
        """Save the row, with ``modified`` even if ``update_fields`` does not have it."""
        if (update_fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*update_fields, "modified"}
        super().save(*args, **kwargs)


class CourseOverview(MarketingUrlMixin, TimeStampedModel):
    """A copy of a course run's data in the modulestore.

    It is a cache: publishing may delete the row and create it again from the modulestore, which has all of its fields
    except ``marketing_url``.
    """

    id = CourseKeyField(primary_key=True, db_index=True, max_length=255)
    org = models.TextField(default="outdated_entry")
    display_name = models.TextField(null=True)
    display_number_with_default = models.TextField()
    display_org_with_default = models.TextField()
    start = models.DateTimeField(null=True, blank=True)
    end = models.DateTimeField(null=True, blank=True)
    advertised_start = models.TextField(null=True, blank=True)
    course_image_url = models.TextField(blank=True)
    social_sharing_url = models.TextField(null=True, blank=True)
    mobile_available = models.BooleanField(default=False)
    self_paced = models.BooleanField(default=False)
    language = models.TextField(null=True, blank=True)
    eligible_for_financial_aid = models.BooleanField(default=True)

    history = HistoricalRecords()

    def __str__(self) -> str:
        return str(self.id)

    @property
    def start_type(self) -> str:
        """Whether the displayed start is the author's text (``string``), a ``timestamp``, or ``empty``."""
        if self.advertised_start:
            return "string"
        return "empty" if self.start in (None, DEFAULT_START_DATE) else "timestamp"

    @property
    def start_display(self) -> str | None:
        """The displayed start, or ``None`` if there is none."""
        if self.start_type == "timestamp":
            return _in_words(self.start, get_language())
        return self.advertised_start or None

    @property
    def has_started(self) -> bool:
        """Whether learners have access: a course without a start is open."""
        return self.start is None or self.start <= timezone.now()


# Many courses start on the same day, and formatting a date takes longer than reading a row.
@lru_cache(maxsize=4096)
def _in_words(start: datetime, language: str | None) -> str:
    return format_date(start, "DATE_FORMAT")
