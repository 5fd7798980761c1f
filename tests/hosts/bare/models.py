from django.db import models

from catalog_sync.models import MarketingUrlMixin


class CourseSummary(MarketingUrlMixin, models.Model):
    course_key = models.CharField(primary_key=True, max_length=255, db_column="the_key")
    display_name = models.TextField(null=True)
    start = models.DateTimeField(null=True)
    social_sharing_url = None

    class Meta:
        app_label = "catalogue"

    @property
    def id(self) -> str:
        return self.course_key
