"""Reads the course runs of a Catalog, page by page, without catalog_sync."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import requests

PAGE_SIZE = 500
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class CourseRun:
    """The fields of a course run that seeding needs, with the Catalog's names."""

    key: str
    title: str
    status: str
    marketing_url: str | None
    start: datetime | None
    end: datetime | None
    pacing_type: str | None
    content_language: str | None

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> CourseRun:
        """Read a row of the list."""
        values = {field.name: row.get(field.name) for field in fields(cls)}
        values |= {name: values[name] and datetime.fromisoformat(values[name]) for name in ("start", "end")}
        return cls(**values)

    @property
    def is_published_with_url(self) -> bool:
        """Whether the sync will use its marketing URL."""
        return self.status == "published" and bool(self.marketing_url)


def course_runs(api_url: str, provider_url: str, client_id: str, client_secret: str) -> list[CourseRun]:
    """Return every course run that the Catalog at ``api_url`` lists.

    Raises:
        requests.RequestException: The Catalog or the token provider is unreachable or refuses the request.
    """
    with requests.Session() as session:
        token = _access_token(session, provider_url, client_id, client_secret)
        session.headers["Authorization"] = f"JWT {token}"
        runs: list[CourseRun] = []
        while True:
            query = {
                "limit": PAGE_SIZE,
                "offset": len(runs),
                "exclude_utm": 1,
                "fields": ",".join(field.name for field in fields(CourseRun)),
            }
            response = session.get(f"{api_url}/course_runs/", params=query, timeout=TIMEOUT_SECONDS)
            response.raise_for_status()
            rows = response.json()["results"]
            if not rows:
                return runs
            runs += map(CourseRun.from_row, rows)


def _access_token(session: requests.Session, provider_url: str, client_id: str, client_secret: str) -> str:
    response = session.post(
        f"{provider_url}/access_token",
        data={
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "token_type": "jwt",
        },
        timeout=TIMEOUT_SECONDS,
    )
    response.raise_for_status()
    return response.json()["access_token"]
