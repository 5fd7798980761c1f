from django.apps import AppConfig


class HistoryOnlyConfig(AppConfig):
    name = "tests.hosts.history_only"
    label = "courseware"
