from django.apps import AppConfig


class MixinConfig(AppConfig):
    name = "tests.hosts.mixin"
    label = "course_overviews"
