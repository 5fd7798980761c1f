"""The configuration of the mobile_api app."""

from django.apps import AppConfig


class MobileApiConfig(AppConfig):
    name = "sandbox.lms.mobile_api"
    label = "mobile_api"
    verbose_name = "Mobile API"
