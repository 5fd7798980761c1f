"""The configuration of the seeding app."""

from django.apps import AppConfig


class SeedingConfig(AppConfig):
    name = "sandbox.lms.seeding"
    label = "seeding"
    verbose_name = "Seeding"
