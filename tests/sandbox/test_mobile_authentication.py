"""Who may read a list of enrollments, and with which authentication."""

from __future__ import annotations

import json
import time
from base64 import b64encode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from rest_framework.test import APIClient

from tests.factories import UserFactory
from tests.sandbox.mobile_client import VERSIONS, claims_of, get_list, token_of, url_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory()


def status_with_token(user, token):
    return APIClient().get(url_of(user, "v1"), headers={"Authorization": f"JWT {token}"}).status_code


def status_as(reader, path):
    client = APIClient()
    client.force_login(reader)
    return client.get(path).status_code


@pytest.mark.parametrize("version", VERSIONS)
def test_own_list_needs_authentication(user, version):
    reply = APIClient().get(url_of(user, version))
    assert (reply.status_code, reply["WWW-Authenticate"]) == (401, 'JWT realm="api"')
    assert get_list(user, version).status_code == 200


@pytest.mark.parametrize(("password", "status"), [("correct", 200), ("wrong", 401)])
def test_basic_authentication_needs_the_password(user, password, status):
    user.set_password("correct")
    user.save()
    credentials = b64encode(f"{user.username}:{password}".encode()).decode()
    reply = APIClient().get(url_of(user, "v1"), headers={"Authorization": f"Basic {credentials}"})
    assert reply.status_code == status


def test_jwt_of_the_lms_is_accepted(user):
    assert status_with_token(user, token_of(claims_of(user))) == 200


@pytest.mark.parametrize("algorithm", ["RS512", "HS256", "none"])
def test_jwt_with_another_signature_is_401(user, algorithm):
    keys = {
        "RS512": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "HS256": settings.SECRET_KEY,
        "none": None,
    }
    assert status_with_token(user, jwt.encode(claims_of(user), keys[algorithm], algorithm=algorithm)) == 401


def test_jwt_with_changed_claims_is_401(user):
    header, _, signature = token_of(claims_of(UserFactory())).split(".")
    claims = token_of(claims_of(user)).split(".")[1]
    assert status_with_token(user, f"{header}.{claims}.{signature}") == 401


@pytest.mark.parametrize("claim", ["exp", "aud"])
def test_jwt_that_is_expired_or_for_another_audience_is_401(user, claim):
    values = {"exp": int(time.time()) - 10, "aud": "another-service"}
    assert status_with_token(user, token_of(claims_of(user, **{claim: values[claim]}))) == 401


def test_public_key_set_has_no_private_key():
    (key,) = json.loads(settings.JWT_AUTH["JWT_PUBLIC_SIGNING_JWK_SET"])["keys"]
    assert key.keys().isdisjoint({"d", "p", "q", "dp", "dq", "qi"})


@pytest.mark.parametrize("version", VERSIONS)
def test_list_of_another_user_is_404(user, version):
    assert status_as(user, url_of(UserFactory(), version)) == 404


def test_list_of_another_user_is_404_for_staff_and_401_without_authentication(user):
    assert status_as(UserFactory(is_staff=True), url_of(user, "v1")) == 404
    assert APIClient().get("/api/mobile/v1/users/nobody/course_enrollments/").status_code == 401


@pytest.mark.parametrize(
    ("version", "username"), [("v1", "nobody"), ("v5", "learner")], ids=["user", "version"]
)
def test_unknown_user_or_version_is_404(version, username):
    reader = UserFactory(username="learner")
    assert status_as(reader, f"/api/mobile/{version}/users/{username}/course_enrollments/") == 404


@pytest.mark.parametrize(("stored", "sent"), [("Ada", "aDA"), ("a.b c@d+e", "a.b c@d+e")])
def test_username_in_the_url_ignores_case_and_may_have_dots_and_spaces(stored, sent):
    reader = UserFactory(username=stored)
    assert status_as(reader, f"/api/mobile/v1/users/{sent}/course_enrollments/") == 200


def request_token(client, **changes):
    form = {"grant_type": "password", "username": "learner", "password": "right"} | changes
    return client.post("/oauth2/access_token", form)


def test_token_for_a_password_is_accepted(client):
    user = UserFactory(username="learner")
    user.set_password("right")
    user.save()
    assert status_with_token(user, request_token(client).json()["access_token"]) == 200


@pytest.mark.parametrize(
    "changes", [{"password": "wrong"}, {"username": "nobody"}, {"grant_type": "implicit"}]
)
def test_no_token_without_a_right_password(changes, client):
    user = UserFactory(username="learner")
    user.set_password("right")
    user.save()
    assert request_token(client, **changes).status_code == 400
