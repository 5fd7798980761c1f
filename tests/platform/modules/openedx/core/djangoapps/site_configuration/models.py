"""Settings of each site."""

from __future__ import annotations

from django.contrib.sites.models import Site
from django.db import models


class SiteConfiguration(models.Model):
    site = models.OneToOneField(Site, related_name="configuration", on_delete=models.CASCADE)
    enabled = models.BooleanField(default=False)
    site_values = models.JSONField(default=dict, blank=True)
