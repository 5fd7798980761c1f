from django.apps import AppConfig


class UuidHistoryConfig(AppConfig):
    name = "tests.hosts.uuid_history"
    label = "course_overviews"
