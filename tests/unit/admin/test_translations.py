"""Every text of the admin is marked for translation: a pseudo-translation leaves no English word on its pages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.translation import trans_real

import catalog_sync
from catalog_sync.checks.database import check_health
from catalog_sync.operations import health
from tests.unit.admin.course_runs import KEY, PIN_PAGE
from tests.unit.admin.pages import PAGES, both, sync_run
from tests.unit.admin.pseudo_translation import LANGUAGE, PseudoTranslations, untranslated

pytestmark = pytest.mark.django_db

# The user, the Catalogs, a status of the Catalog, a parameter, and what Django does not translate.
DATA = frozenset("admin default partner published unpublished UTC utm True False None Search ID".split())
GETTEXT = set("gettext gettext_lazy ngettext ngettext_lazy pgettext pgettext_lazy gettext_noop".split())
PAGES_OF_SEVERAL_CATALOGS = (
    *(
        "overview, healthy",
        "overview, warning",
        "overview, rejected",
        "overview, disabled",
        "overview, future",
    ),
    *("configurations", "configuration form", "sync runs", "sync run, running", "course runs", "course run"),
    *("link, marketing URL", "link, not in the Catalog"),
)


@pytest.fixture(autouse=True)
def pseudo_translation(monkeypatch, settings):
    settings.BACKEND_SERVICE_EDX_OAUTH2_KEY = "1"
    monkeypatch.setattr(admin.site, "enable_nav_sidebar", False)  # It lists the models of other apps.
    monkeypatch.setitem(trans_real._translations, LANGUAGE, PseudoTranslations())
    with translation.override(LANGUAGE):
        yield


BAD_URLS = {
    "long": "https://a.b/" + "1" * 2_040,
    "space": "https://a.b/1 2",
    "relative": "/1",
    "no host": "https:///1",
    "credentials": "https://1:2@a.b/",
    "port": "https://a.b:0/",
    "broken": "https://[/",
    "host": "https://a.b/",
    "utm": "https://www.example.com/?utm_1=1",
}


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_text_that_is_not_translated(name, admin_client):
    response = PAGES[name](admin_client)
    assert response.status_code == 200
    assert list(untranslated(response, DATA)) == []


@pytest.mark.parametrize("name", PAGES_OF_SEVERAL_CATALOGS)
def test_page_with_several_catalogs_has_no_text_that_is_not_translated(name, admin_client, settings):
    settings.CATALOG_SYNC_CATALOGS = {
        each: {"URL": "https://catalog.example.com/api/v1"} for each in ("default", "partner")
    }
    response = PAGES[name](admin_client)
    assert response.status_code == 200
    assert list(untranslated(response, DATA)) == []


@pytest.mark.parametrize(
    "name", ["start, no broker", "start, dry run", "allow removals, no broker", "course run, sync"]
)
def test_page_of_a_sync_that_waits_for_a_worker_has_no_text_that_is_not_translated(
    name, admin_client, broker
):
    response = PAGES[name](admin_client)
    assert len(broker) == 1
    assert list(untranslated(response, DATA)) == []


@pytest.mark.parametrize("name", BAD_URLS)
def test_reason_why_a_url_cannot_be_pinned_is_translated(name, admin_client, settings):
    settings.CATALOG_SYNC_MARKETING_URL_HOSTS = ["www.example.com"]
    both()
    response = admin_client.post(PIN_PAGE, {"course_key": KEY, "url": BAD_URLS[name]})
    assert response.context["form"].errors["url"]
    assert list(untranslated(response, DATA)) == []


def test_health_for_programs_is_english():
    sync_run()
    failed = sync_run("failed")
    (warning,) = health.read()["warnings"]
    assert warning.startswith(f"The last full sync, sync run {failed.pk}, failed.")


def test_commands_are_english():
    with pytest.raises(CommandError, match="No successful full sync in the last 12 hours"):
        call_command("catalog_sync_status")


def test_system_checks_are_english():
    (warning,) = check_health()
    assert warning.msg.startswith("No successful full sync in the last 12 hours")


def marked(node: ast.AST) -> list[ast.Call]:
    """Return the calls that translate a text."""
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return [each for each in calls if isinstance(each.func, ast.Name) and each.func.id in GETTEXT]


def test_marked_texts_can_be_extracted():
    """GNU gettext extracts literals, and none within an f-string."""
    found = []
    for path in Path(catalog_sync.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text())
        hidden = [call for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for call in marked(node)]
        variable = [call for call in marked(tree) if not isinstance(call.args[0], ast.Constant)]
        found += [f"{path.name}:{call.lineno}" for call in hidden + variable]
    assert found == []
