from django.apps import AppConfig


class OwnColumnConfig(AppConfig):
    name = "tests.hosts.own_column"
    label = "course_overviews"
