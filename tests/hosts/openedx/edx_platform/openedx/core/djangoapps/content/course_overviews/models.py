from django.db import models
from opaque_keys.edx.django.models import CourseKeyField
from simple_history.models import HistoricalRecords


class CourseOverview(models.Model):
    id = CourseKeyField(primary_key=True, max_length=255)
    org = models.TextField(default="outdated_entry")
    display_name = models.TextField(null=True)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)
    social_sharing_url = models.TextField(null=True)
    marketing_url = models.TextField(null=True)
    language = models.TextField(null=True)
    eligible_for_financial_aid = models.BooleanField(default=True)

    history = HistoricalRecords()
