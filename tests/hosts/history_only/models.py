from django.db import models
from opaque_keys.edx.django.models import CourseKeyField
from simple_history.models import HistoricalRecords

from catalog_sync.models import MarketingUrlMixin


class Course(MarketingUrlMixin, models.Model):
    id = CourseKeyField(primary_key=True, max_length=255)
    display_name = models.TextField(null=True)
    social_sharing_url = models.TextField(null=True)

    records = HistoricalRecords(table_name="course_records", excluded_fields=["social_sharing_url"])

    class Meta:
        app_label = "courseware"
