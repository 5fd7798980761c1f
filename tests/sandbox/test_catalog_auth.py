"""The stand-in Catalog gives tokens to its clients, and accepts only valid ones."""

import time

import jwt
import pytest

from sandbox.catalog.auth import USERNAME, make_token
from sandbox.catalog.testing import ACCESS_TOKEN_PATH, COURSE_RUNS_PATH

NOT_PROVIDED = {"detail": "Authentication credentials were not provided."}
INVALID = {"detail": "Invalid token."}


def get_with(caller, authorization):
    return caller.get(COURSE_RUNS_PATH, headers={"Authorization": authorization})


def test_client_gets_a_token_that_the_catalog_accepts(caller):
    answer = caller.access_token()

    content = answer.json
    token = content.pop("access_token")
    assert (answer.status, token.count(".")) == (200, 2)
    assert content == {"expires_in": 3600, "token_type": "JWT", "scope": "read write profile email"}
    assert get_with(caller, f"JWT {token}").status == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_invalid_request_gets_no_token(caller, changes, status, error):
    answer = caller.access_token(**changes)

    assert (answer.status, answer.json) == (status, {"error": error})


def test_token_needs_a_post_request(caller):
    assert caller.get(ACCESS_TOKEN_PATH).status == 405


def test_two_tokens_differ(caller):
    assert caller.new_token() != caller.new_token()


def test_token_expires_after_the_seconds_of_the_reply(control, caller):
    control.settings(token_seconds=17)

    content = caller.access_token().json
    expires = jwt.decode(content["access_token"], options={"verify_signature": False})["exp"]
    assert content["expires_in"] == 17
    assert time.time() < expires <= time.time() + 17


@pytest.mark.parametrize(
    ("authorization", "content"),
    [
        ("", NOT_PROVIDED),
        (f"Bearer {make_token(USERNAME, 10**6)}", NOT_PROVIDED),
        ("JWT ", INVALID),
        ("JWT rubbish", INVALID),
        ("JWT a.b.c", INVALID),
        (f"JWT {make_token(USERNAME, 10**6, 'some other key of at least thirty-two bytes')}", INVALID),
        (f"JWT {make_token(USERNAME, -1)}", INVALID),
    ],
    ids=["missing", "other scheme", "empty", "no token", "no claims", "wrong signature", "expired"],
)
def test_invalid_token_is_401(caller, authorization, content):
    answer = get_with(caller, authorization)

    assert (answer.status, answer.json) == (401, content)
    assert answer.header("WWW-Authenticate") == 'JWT realm="api"'


def test_opaque_token_is_invalid(caller):
    token = caller.access_token(token_type="").json["access_token"]

    assert get_with(caller, f"JWT {token}").json == INVALID


def test_authentication_comes_before_the_query(caller):
    assert caller.get(f"{COURSE_RUNS_PATH}?exclude_utm=true", authorized=False).status == 401
