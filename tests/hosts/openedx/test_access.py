"""How an LMS with edx-platform's Catalog integration reaches the Catalog, without an OAuth2 client.

The scenarios run from the repository in one process. The other modules of this folder install the wheel.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DEFAULT_URL = "http://localhost:8008/api/v1"
PARTNER_URL = "https://partner.example.com/api/v1"
OWN_SITE = "COURSE_CATALOG_API_URL in the site configuration of lms.example.com"
SETTING = "COURSE_CATALOG_API_URL"
ENTRY = "CATALOG_SYNC_CATALOGS['default']['URL']"
OAUTH2 = "OAuth2 client credentials"
PLATFORM = "JWT signed by the LMS"
FACTORY = "session factory requests.Session"
SERVICE_USER = "lms_catalog_service_user"

# As in pyproject.toml.
IGNORED_WARNINGS = [
    "ignore:Python 3.11 support is deprecated:DeprecationWarning",
    "ignore:Passing positional arguments to save:DeprecationWarning",
]


@pytest.fixture(scope="module")
def record(catalog_process, tmp_path_factory):
    """What each scenario of ``access_scenarios.py`` recorded, by name."""
    warnings = [f"-W{action}" for action in ("error", *IGNORED_WARNINGS)]
    module = "tests.hosts.openedx.access_scenarios"
    process = subprocess.run(
        [sys.executable, "-X", "dev", *warnings, "-m", module, catalog_process.url],
        cwd=ROOT,
        env=os.environ
        | {"DATABASE_FILE": str(tmp_path_factory.mktemp("lms") / "db.sqlite3"), "PLATFORM_RELEASE": "master"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    catalog_process.control.reset()
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


class TestIntegrationAlone:
    """Catalog integration is enabled, and no setting of the sync is set."""

    def test_sync_succeeds_with_tokens_of_the_service_user(self, record):
        assert record["integration_alone"]["report"]["status"] == "succeeded"
        assert record["integration_alone"]["usernames"] == [SERVICE_USER]

    def test_sync_fetches_no_token(self, record):
        assert record["integration_alone"]["token_requests"] == 0

    def test_facts_name_address_authentication_and_user(self, record, catalog_process):
        assert record["integration_alone"]["facts"] == {
            "catalog": "default",
            "api_url": catalog_process.api_url,
            "source": OWN_SITE,
            "authentication": PLATFORM,
            "user": SERVICE_USER,
        }


@pytest.mark.parametrize(
    ("settings", "source", "authentication", "user"),
    [
        ("oauth2", OWN_SITE, OAUTH2, "catalog-sync-worker"),
        ("oauth2 without integration", SETTING, OAUTH2, "catalog-sync-worker"),
        ("incomplete oauth2", OWN_SITE, PLATFORM, SERVICE_USER),
        ("factory", OWN_SITE, FACTORY, ""),
        ("nothing", SETTING, "none", ""),
        ("own catalog", ENTRY, OAUTH2, "catalog-sync-worker"),
        ("own catalog with factory", ENTRY, FACTORY, ""),
        ("own catalog without credentials", ENTRY, "none", ""),
    ],
)
def test_explicit_settings_override_catalog_integration(settings, source, authentication, user, record):
    facts = record["priorities"][settings]
    assert (facts["source"], facts["authentication"], facts["user"]) == (source, authentication, user)
    assert (facts["api_url"] == PARTNER_URL) == (source == ENTRY)


@pytest.mark.parametrize(
    ("configurations", "url", "source"),
    [
        ("own and another", "https://a/api/v1", f"{SETTING} in the site configuration of own.example.com"),
        ("own is disabled", "https://b/api/v1", f"{SETTING} in the site configuration of b.example.com"),
        ("own without address", "https://b/api/v1", f"{SETTING} in the site configuration of b.example.com"),
        (
            "others agree",
            "https://b/api/v1",
            f"{SETTING} in the site configuration of b.example.com and 1 more",
        ),
        ("others differ", DEFAULT_URL, f"{SETTING} (the site configurations name different addresses)"),
        ("none", DEFAULT_URL, SETTING),
        ("setting", "https://setting/api/v1", SETTING),
    ],
)
def test_address_without_a_request(configurations, url, source, record):
    assert record["addresses"][configurations] == [url, source]


def test_sync_without_any_access_fails_with_both_remedies_and_sends_no_request(record):
    assert record["nothing_is_set_up"]["report"]["message"] == (
        "BACKEND_SERVICE_EDX_OAUTH2_PROVIDER_URL, BACKEND_SERVICE_EDX_OAUTH2_KEY, "
        "BACKEND_SERVICE_EDX_OAUTH2_SECRET are not set. Set what is missing, or enable Catalog integration with a "
        "service user in Django admin."
    )
    assert record["nothing_is_set_up"]["requests"] == 0


def test_missing_service_user_fails_the_sync_and_the_check(record):
    assert record["service_user_missing"]["report"]["message"] == (
        "The service user 'nobody' of Catalog integration does not exist. Create the user, or choose another one in "
        "Django admin (Catalog integration)."
    )
    assert record["service_user_missing"]["checks"] == ["catalog_sync.W002"]


class TestSigningFails:
    """The LMS cannot sign a token."""

    def test_sync_fails_with_the_remedy(self, record):
        message = record["signing_fails"]["report"]["message"]
        assert message.endswith(
            "returned no session (ValueError). Check JWT_AUTH in the settings of the LMS."
        )

    def test_log_does_not_repeat_the_error(self, record):
        log = record["signing_fails"]["log"]
        assert ("event=catalog_sync.finished" in log, "a-private-key" in log) == (True, False)


class TestTokenExpires:
    """Each token expires after two requests."""

    def test_sync_sends_each_refused_request_again_and_succeeds(self, record):
        run = record["token_expires_after_two_requests"]
        assert run["report"]["status"] == "succeeded"
        assert run["statuses"].count(401) == run["report"]["retries"] > 0

    def test_log_has_no_token_and_no_authorization_header(self, record):
        run = record["token_expires_after_two_requests"]
        assert "event=catalog_sync.request_retried" in run["log"]
        assert [secret for secret in ("Authorization", *run["tokens"]) if secret in run["log"]] == []


@pytest.mark.parametrize(
    ("scenario", "remedy"),
    [
        (
            "token_is_never_accepted",
            "Check that the Catalog trusts the tokens that the LMS signs (JWT_AUTH).",
        ),
        ("user_may_not_read", f"Give the service user {SERVICE_USER} access to the Catalog API."),
    ],
)
def test_message_about_a_refused_token_names_the_remedy_in_the_lms(scenario, remedy, record):
    assert f". {remedy} Address: " in record[scenario]["message"]


def test_new_session_is_used_until_the_catalog_refuses_its_token(record):
    tokens = record["third_request_is_refused"]["tokens"]
    assert [len(set(tokens[:3])), len(set(tokens[3:])), len(set(tokens))] == [1, 1, 2]
    assert (record["third_request_is_refused"]["report"]["requests"], len(tokens)) == (8, 8)


def test_redirect_fails_the_sync_and_is_not_followed(record):
    assert (record["redirect"]["report"]["status"], record["redirect"]["followed"]) == ("failed", [])


class TestDatabaseConnections:
    """Worker threads make sessions, and a session needs the database."""

    def test_worker_threads_close_what_they_open(self, record):
        assert record["connections"]["report"]["status"] == "succeeded"
        assert record["connections"]["opened"] >= 2
        assert record["connections"]["left_open"] == 0

    def test_connection_of_the_caller_stays_open(self, record):
        assert record["connection_of_the_caller_stays_open"] is True


class TestStatusCommand:
    """``manage.py catalog_sync_status``."""

    @pytest.mark.parametrize(
        "line",
        [
            f"catalog_access.default.source {OWN_SITE}",
            f"catalog_access.default.authentication {PLATFORM}",
            f"catalog_access.default.user {SERVICE_USER}",
        ],
    )
    def test_prints_the_access(self, line, record):
        printed = record["status_command"]["plain"].splitlines()
        assert line in [" ".join(each.split()) for each in printed]

    def test_sends_no_request_without_the_option(self, record):
        assert record["status_command"]["requests without --connect"] == 0

    def test_connects_with_the_service_user(self, record):
        assert "s: 60 course runs." in record["status_command"]["connected"]

    def test_json_has_the_access(self, record):
        assert record["status_command"]["json"]["catalog_access"] == [record["integration_alone"]["facts"]]


class TestPages:
    """Pages of a web process."""

    @pytest.mark.parametrize("text", [OWN_SITE, PLATFORM, SERVICE_USER, "catalog_sync_status --connect"])
    def test_configuration_page_shows_the_access(self, text, record):
        assert text in record["pages"]["page"]

    @pytest.mark.parametrize("text", [SETTING, PLATFORM, SERVICE_USER, "catalog_access"])
    def test_health_endpoint_does_not_show_the_access(self, text, record):
        assert '"status"' in record["pages"]["health"]
        assert text not in record["pages"]["health"]

    def test_no_page_sends_a_request_to_the_catalog(self, record):
        assert record["pages"]["requests"] == 0


@pytest.mark.parametrize(
    ("set_up", "ids"),
    [
        ("set up", []),
        ("set up, plain", []),
        ("disabled", ["W002", "W010"]),
        ("disabled, plain", []),
        ("language is not mapped", ["W011"]),
        ("language is not mapped, disabled", ["W002", "W010"]),
        ("default address", ["W010"]),
        ("default address, plain", []),
        ("own catalog without credentials, plain", ["W002"]),
    ],
)
def test_checks_report_an_incomplete_access(set_up, ids, record):
    assert record["system_checks"][set_up] == [f"catalog_sync.{each}" for each in ids]


class TestFields:
    """``CATALOG_SYNC_FIELDS``."""

    def test_sync_writes_the_fields_of_sync_course_runs_by_default(self, record):
        assert record["fields"]["default"] == {
            "marketing_url": "marketing_url",
            "eligible_for_financial_aid": "eligible_for_financial_aid",
            "content_language": "language",
        }
        assert record["fields"]["written"] == ["pt-br", False]

    @pytest.mark.parametrize("model", ["model without the fields", "model that is not installed", "set"])
    def test_marketing_url_is_the_only_field_without_a_model_that_has_the_others(self, model, record):
        assert record["fields"][model] == {"marketing_url": "marketing_url"}
