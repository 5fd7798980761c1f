"""What tools read in the source: annotations of settings and of personal data, texts to be translated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.utils.functional import Promise

from catalog_sync.settings import common

ROOT = Path(__file__).resolve().parents[2]
# Those of our own; django-simple-history makes more.
MODELS = [
    model
    for model in apps.get_app_config("catalog_sync").get_models()
    if model.__module__ == "catalog_sync.models" and not model.__name__.startswith("Historical")
]
ANNOTATION = re.compile(
    r"# \.\. setting_name: (\w+)\n\s+# \.\. setting_default: (.+)\n\s+# \.\. setting_description: \S"
)


def test_every_setting_is_annotated_with_its_default():
    annotated = dict(ANNOTATION.findall((ROOT / "catalog_sync/conf.py").read_text()))
    for name, default in common.defaults().items():
        assert eval(annotated[name]) == default, name


@pytest.mark.parametrize("name", common.defaults())
def test_every_setting_is_in_the_reference(name):
    assert f"``{name}`` = " in (ROOT / "docs/references/settings.rst").read_text()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_model_says_whether_it_holds_personal_data(model):
    assert ".. no_pii:\n" in model.__doc__


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_texts_that_people_read_can_be_translated(model):
    texts = [model._meta.verbose_name, model._meta.verbose_name_plural]
    texts += [field.help_text for field in model._meta.fields if field.help_text]
    assert [text for text in texts if not isinstance(text, Promise)] == []
