from django.conf import settings
from django.db import models
from openedx.core.djangoapps.content.course_overviews.models import CourseOverview


class CourseEnrollment(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    course = models.ForeignKey(CourseOverview, on_delete=models.DO_NOTHING, db_constraint=False)
    is_active = models.BooleanField(default=True)
