import uuid

from django.db import models
from opaque_keys.edx.django.models import CourseKeyField
from simple_history.models import HistoricalRecords

from catalog_sync.models import MarketingUrlMixin


class CourseOverview(MarketingUrlMixin, models.Model):
    id = CourseKeyField(primary_key=True, max_length=255)
    display_name = models.TextField(null=True)
    social_sharing_url = models.TextField(null=True)

    history = HistoricalRecords(history_id_field=models.UUIDField(default=uuid.uuid4))

    class Meta:
        app_label = "course_overviews"
