"""Annotations that tools read from the source, and references that list names of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.utils.functional import Promise

from catalog_sync.models import CatalogSyncConfig
from catalog_sync.settings import common

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = ROOT / "docs/references"
SOURCES = [path.read_text() for path in (ROOT / "catalog_sync").rglob("*.py")]
# The models of this app without the history models of django-simple-history.
MODELS = [
    model
    for model in apps.get_app_config("catalog_sync").get_models()
    if model.__module__.startswith("catalog_sync.models.") and not model.__name__.startswith("Historical")
]
ANNOTATION = re.compile(
    r"# \.\. setting_name: (\w+)\n\s+# \.\. setting_default: (.+)\n\s+# \.\. setting_description: \S"
)
LOGGED = re.compile(r"""\.(?:debug|info|warning|error|exception)\)?\(\s*"([a-z_]+)\"""")


def found(pattern: str | re.Pattern[str]) -> set[str]:
    return {each for source in SOURCES for each in re.findall(pattern, source)}


def test_every_setting_is_annotated_and_documented_with_its_default():
    annotated = dict(ANNOTATION.findall((ROOT / "catalog_sync/conf.py").read_text()))
    page = (REFERENCES / "settings.rst").read_text()
    for name, default in common.defaults().items():
        assert eval(annotated[name]) == default, name
        assert f"``{name}`` = " in page, name


def test_every_field_of_the_configuration_is_documented_with_its_default():
    table = (REFERENCES / "settings.rst").read_text().partition(".. _tunable:")[2]
    documented = dict(re.findall(r"\* - ``(\w+)``\n\s+- (\w+)\n", table))
    config = CatalogSyncConfig()
    assert documented == {"enabled": "on"} | {name: str(getattr(config, name)) for name in config.NUMBERS}
    assert config.enabled


def test_every_system_check_is_documented_and_no_other():
    page = (REFERENCES / "checks.rst").read_text()
    assert found(r'"catalog_sync\.([EW]\d{3})"') == set(re.findall(r"``([EW]\d{3})``", page))


def test_every_event_is_documented_and_no_other():
    page = (REFERENCES / "command.rst").read_text()
    table = page.partition(".. _command-log:")[2].partition("manage.py lms tune_page_size")[0]
    assert found(LOGGED) == set(re.findall(r"``catalog_sync\.([a-z_]+)``", table))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_model_declares_personal_data_and_translatable_texts(model):
    assert ".. no_pii:" in model.__doc__
    texts = [model._meta.verbose_name, model._meta.verbose_name_plural]
    texts += [field.help_text for field in model._meta.fields if field.help_text]
    assert [text for text in texts if not isinstance(text, Promise)] == []
