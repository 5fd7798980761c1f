"""Tokens of the stand-in Catalog: who gets one, and which are taken."""

import time

import pytest

from sandbox.catalog.auth import USERNAME, make_token
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH, CatalogProcess
from tests.sandbox.catalog_caller import Answer, Caller

pytest_plugins = ["tests.sandbox.catalog_fixtures"]

NOT_PROVIDED = {"detail": "Authentication credentials were not provided."}
INVALID = {"detail": "Invalid token."}


def with_authorization(caller: Caller, value: str) -> Answer:
    return caller.get(COURSE_RUNS_PATH, headers={"Authorization": value})


def test_client_credentials_get_a_token(caller: Caller) -> None:
    answer = caller.access_token()

    content = answer.json
    assert (answer.status, content.pop("access_token").count(".")) == (200, 2)
    assert content == {"expires_in": 3600, "token_type": "JWT", "scope": "read write profile email"}


def test_the_token_is_taken(caller: Caller) -> None:
    assert with_authorization(caller, f"JWT {caller.new_token()}").status == 200


@pytest.mark.parametrize(
    "changes", [{"client_id": "nobody"}, {"client_secret": "wrong"}, {"client_secret": ""}]
)
def test_a_wrong_client_gets_none(caller: Caller, changes: dict[str, str]) -> None:
    answer = caller.access_token(**changes)

    assert (answer.status, answer.json) == (401, {"error": "invalid_client"})


def test_another_grant_type_gets_none(caller: Caller) -> None:
    answer = caller.access_token(grant_type="password")

    assert (answer.status, answer.json) == (400, {"error": "unsupported_grant_type"})


def test_without_token_type_jwt_the_token_is_of_no_use(caller: Caller) -> None:
    token = caller.access_token(token_type="").json["access_token"]

    assert with_authorization(caller, f"JWT {token}").json == INVALID


def test_tokens_are_not_handed_out_by_get(caller: Caller) -> None:
    assert caller.get(ACCESS_TOKEN_PATH).status == 405


def test_two_tokens_differ(caller: Caller) -> None:
    assert caller.new_token() != caller.new_token()


def test_the_reply_says_how_long_the_token_lives(stand_in: CatalogProcess, caller: Caller) -> None:
    stand_in.control.settings(token_seconds=17)

    assert caller.access_token().json["expires_in"] == 17


def test_a_missing_token_is_said_to_be_missing(caller: Caller) -> None:
    answer = caller.get(COURSE_RUNS_PATH, authorized=False)

    assert (answer.status, answer.json) == (401, NOT_PROVIDED)


def test_another_scheme_counts_as_missing(caller: Caller) -> None:
    assert with_authorization(caller, f"Bearer {caller.token}").json == NOT_PROVIDED


@pytest.mark.parametrize("token", ["", "rubbish", "a.b.c"])
def test_a_token_that_is_none_is_invalid(caller: Caller, token: str) -> None:
    answer = with_authorization(caller, f"JWT {token}")

    assert (answer.status, answer.json) == (401, INVALID)


def test_a_wrong_signature_is_invalid(caller: Caller) -> None:
    forged = make_token(USERNAME, 3600, signing_key="some other key of at least thirty-two bytes")

    assert with_authorization(caller, f"JWT {forged}").json == INVALID


def test_an_expired_token_is_invalid(caller: Caller) -> None:
    assert with_authorization(caller, f"JWT {make_token(USERNAME, -1)}").json == INVALID


def test_a_token_expires_while_it_is_in_use(stand_in: CatalogProcess, caller: Caller) -> None:
    # Whole seconds count, and a busy machine needs some of them before it has asked at all.
    stand_in.control.settings(token_seconds=4)
    token = caller.new_token()
    statuses = [with_authorization(caller, f"JWT {token}").status]
    deadline = time.monotonic() + 30
    while statuses[-1] == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
        statuses.append(with_authorization(caller, f"JWT {token}").status)

    assert (statuses[0], statuses[-1]) == (200, 401)


@pytest.mark.parametrize("authorization", ["", "JWT rubbish"])
def test_every_401_names_the_scheme(caller: Caller, authorization: str) -> None:
    assert with_authorization(caller, authorization).header("WWW-Authenticate") == 'JWT realm="api"'


def test_authentication_comes_before_all_else(caller: Caller) -> None:
    assert caller.get(f"{COURSE_RUNS_PATH}?exclude_utm=true", authorized=False).status == 401
