"""Catalog integration, as an operator of Open edX sets it up in Django admin."""

from __future__ import annotations

from config_models.models import ConfigurationModel
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models

from openedx.core.djangoapps.site_configuration import helpers


class CatalogIntegration(ConfigurationModel):
    service_username = models.CharField(max_length=100, default="lms_catalog_service_user")
    page_size = models.PositiveIntegerField(default=100)

    def get_internal_api_url(self):
        return helpers.get_value("COURSE_CATALOG_API_URL", settings.COURSE_CATALOG_API_URL)

    def get_service_user(self):
        return get_user_model().objects.get(username=self.service_username)
