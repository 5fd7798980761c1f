"""The configuration of the student app."""

from django.apps import AppConfig


class StudentConfig(AppConfig):
    name = "sandbox.lms.student"
    label = "student"
    verbose_name = "Students"
