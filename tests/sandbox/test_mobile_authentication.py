"""Who may read a list of enrollments, and how an app says who it is."""

from __future__ import annotations

import json
import time
from base64 import b64encode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.contrib.auth.models import User
from rest_framework.response import Response
from rest_framework.test import APIClient

from tests.factories import UserFactory
from tests.sandbox.mobile_client import VERSIONS, claims_of, get_list, token_of, url_of

pytestmark = pytest.mark.django_db


def get_with_token(user: User, token: str) -> Response:
    return APIClient().get(url_of(user, "v1"), headers={"Authorization": f"JWT {token}"})


def basic(user: User, password: str) -> str:
    return "Basic " + b64encode(f"{user.username}:{password}".encode()).decode()


@pytest.fixture
def user() -> User:
    return UserFactory()


@pytest.mark.parametrize("version", VERSIONS)
def test_not_signed_in_is_401(user, version):
    assert APIClient().get(url_of(user, version)).status_code == 401


def test_not_signed_in_is_told_to_bring_a_jwt(user):
    assert APIClient().get(url_of(user, "v1"))["WWW-Authenticate"] == 'JWT realm="api"'


@pytest.mark.parametrize("version", VERSIONS)
def test_session_opens_ones_own_list(user, version):
    assert get_list(user, version).status_code == 200


def test_basic_authentication_opens_ones_own_list(user):
    user.set_password("correct")
    user.save()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=basic(user, "correct"))
    assert client.get(url_of(user, "v1")).status_code == 200


def test_basic_authentication_with_a_wrong_password_is_401(user):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=basic(user, "wrong"))
    assert client.get(url_of(user, "v1")).status_code == 401


def test_jwt_with_the_right_signature_is_200(user):
    assert get_with_token(user, token_of(claims_of(user))).status_code == 200


def test_jwt_with_a_wrong_signature_is_401(user):
    strangers_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode(claims_of(user), strangers_key, algorithm="RS512")
    assert get_with_token(user, token).status_code == 401


def test_jwt_signed_with_the_secret_key_of_the_site_is_401(user):
    token = jwt.encode(claims_of(user), settings.SECRET_KEY, algorithm="HS256")
    assert get_with_token(user, token).status_code == 401


def test_jwt_without_a_signature_is_401(user):
    assert get_with_token(user, jwt.encode(claims_of(user), None, algorithm="none")).status_code == 401


def test_jwt_whose_claims_were_changed_is_401(user):
    header, _, signature = token_of(claims_of(UserFactory())).split(".")
    claims = token_of(claims_of(user)).split(".")[1]
    assert get_with_token(user, f"{header}.{claims}.{signature}").status_code == 401


def test_expired_jwt_is_401(user):
    assert get_with_token(user, token_of(claims_of(user, exp=int(time.time()) - 10))).status_code == 401


def test_jwt_for_another_audience_is_401(user):
    assert get_with_token(user, token_of(claims_of(user, aud="another-service"))).status_code == 401


def test_public_key_set_holds_no_private_key():
    (key,) = json.loads(settings.JWT_AUTH["JWT_PUBLIC_SIGNING_JWK_SET"])["keys"]
    assert key.keys().isdisjoint({"d", "p", "q", "dp", "dq", "qi"})


@pytest.mark.parametrize("version", VERSIONS)
def test_another_users_list_is_404(user, version):
    client = APIClient()
    client.force_login(user)
    assert client.get(url_of(UserFactory(), version)).status_code == 404


def test_list_of_nobody_is_404(user):
    client = APIClient()
    client.force_login(user)
    assert client.get("/api/mobile/v1/users/nobody/course_enrollments/").status_code == 404


def test_another_users_list_is_404_for_staff(user):
    client = APIClient()
    client.force_login(UserFactory(is_staff=True))
    assert client.get(url_of(user, "v1")).status_code == 404


def test_another_users_list_is_401_when_not_signed_in(user):
    assert APIClient().get("/api/mobile/v1/users/nobody/course_enrollments/").status_code == 401


def test_username_in_the_url_may_differ_in_case():
    user = UserFactory(username="Ada")
    client = APIClient()
    client.force_login(user)
    assert client.get("/api/mobile/v1/users/aDA/course_enrollments/").status_code == 200


def test_username_may_hold_dots_and_spaces():
    user = UserFactory(username="a.b c@d+e")
    assert get_list(user).status_code == 200


def test_version_that_does_not_exist_is_404(user):
    client = APIClient()
    client.force_login(user)
    assert client.get(url_of(user, "v5")).status_code == 404
