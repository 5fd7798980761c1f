from django.apps import AppConfig


class BareConfig(AppConfig):
    name = "tests.hosts.bare"
    label = "catalogue"
