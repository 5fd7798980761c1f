"""The app of each test host: its models are in the folder that ``name`` gives."""

from django.apps import AppConfig


class OwnColumn(AppConfig):
    """Like edx-platform since 2017: ``CourseOverview`` has the column, ``history`` and ``modified``."""

    name, label = "tests.hosts.own_column", "course_overviews"


class Mixin(AppConfig):
    """``CourseOverview`` gets the column from the mixin. It has ``modified`` and no history."""

    name, label = "tests.hosts.mixin", "course_overviews"


class Bare(AppConfig):
    """Another model, whose key is another field of another type. It has neither ``history`` nor ``modified``."""

    name, label = "tests.hosts.bare", "catalogue"


class HistoryOnly(AppConfig):
    """Another model. Its history has another name and a table of its own. It has no ``modified``."""

    name, label = "tests.hosts.history_only", "courseware"


class UuidHistory(AppConfig):
    """``CourseOverview`` has a history whose primary key is a UUID."""

    name, label = "tests.hosts.uuid_history", "course_overviews"
