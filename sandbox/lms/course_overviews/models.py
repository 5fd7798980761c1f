"""The course overview: one row a course run, all that the LMS's lists and APIs read of a course."""

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
    """Adds when a row was made and when it was last saved, as django-model-utils does for edx-platform.

    Only ``save()`` keeps ``modified`` up: whoever writes by ``update()`` or ``bulk_update()`` sets it too.
    """

    created = models.DateTimeField(default=timezone.now, editable=False)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def save(self, *args, **kwargs) -> None:
        """Save the row, ``modified`` included even where only some fields are named."""
        if (update_fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*update_fields, "modified"}
        super().save(*args, **kwargs)


class CourseOverview(MarketingUrlMixin, TimeStampedModel):
    """A copy in SQL of what the modulestore knows of a course run.

    It is a cache: publishing may delete the row and create it anew from the modulestore, which knows all of its
    fields but ``marketing_url``. Nothing that has no other home may live here.
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
        """Whether the start to show is the author's words (``string``), a ``timestamp``, or ``empty``."""
        if self.advertised_start:
            return "string"
        return "empty" if self.start in (None, DEFAULT_START_DATE) else "timestamp"

    @property
    def start_display(self) -> str | None:
        """The start as learners read it, or ``None`` where there is none to show."""
        if self.start_type == "timestamp":
            return _in_words(self.start, get_language())
        return self.advertised_start or None

    @property
    def has_started(self) -> bool:
        """Whether learners may enter: a course without a start is open."""
        return self.start is None or self.start <= timezone.now()


# Many courses start on the same day, and to format a date takes longer than to read a row.
@lru_cache(maxsize=4096)
def _in_words(start: datetime, language: str | None) -> str:
    return format_date(start, "DATE_FORMAT")
