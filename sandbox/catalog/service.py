"""The Catalog: returns the reply to a request, without sockets."""

from dataclasses import dataclass
from typing import Any

import msgspec

from sandbox.catalog.auth import NotAuthenticated, access_token_reply, authenticate
from sandbox.catalog.courses import InvalidTimestamp, courses_of_reply, select_courses
from sandbox.catalog.faults import Faults, Next, RowFault, reshaped
from sandbox.catalog.listing import (
    InvalidPage,
    ServerFault,
    flag,
    rows_of_reply,
    select,
    select_page,
    wanted_fields,
)
from sandbox.catalog.replies import (
    NOT_FOUND_PAGE,
    SERVER_ERROR_PAGE,
    Reply,
    encoded_reply,
    error_reply,
    html_reply,
    json_reply,
    redirect_reply,
)
from sandbox.catalog.reply_cache import ReplyCache
from sandbox.catalog.request_log import Request, RequestLog
from sandbox.catalog.settings import Settings
from sandbox.catalog.store import Snapshot, Store, key_of
from sandbox.catalog.throttle import Throttle
from sandbox.catalog.workers import Workers

COURSE_RUNS_PATH = "/api/v1/course_runs/"
COURSES_PATH = "/api/v1/courses/"
ACCESS_TOKEN_PATH = "/oauth2/access_token"


@dataclass(frozen=True)
class Start:
    """The options of the process, which a reset restores."""

    runs: int
    seed: int
    settings: Settings


class Catalog:
    def __init__(self, start: Start) -> None:
        self._start = start
        self.store = Store()
        self.faults = Faults()
        self.log = RequestLog()
        self._throttle = Throttle()
        self._cache = ReplyCache()
        self.settings = start.settings
        self._workers = Workers(start.settings)
        self.store.generate(start.runs, start.seed)

    def reset(self) -> None:
        """Restore the state at the start of the process."""
        self.set_settings(self._start.settings)
        self.faults.clear()
        self._throttle.clear()
        self.log.clear()
        self.store.generate(self._start.runs, self._start.seed)

    def set_settings(self, settings: Settings) -> None:
        of_workers = ("workers", "irregular", "stall_seconds")
        if any(getattr(self.settings, name) != getattr(settings, name) for name in of_workers):
            # Running requests end on the old workers.
            self._workers = Workers(settings)
        self.settings = settings

    def answer(self, request: Request, row_fault: RowFault | None = None) -> Reply:
        """Return the reply to a request outside ``/control/``."""
        if request.path.rstrip("/") == ACCESS_TOKEN_PATH:
            return self._access_token(request)
        if f"{request.path}/" in (COURSE_RUNS_PATH, COURSES_PATH):
            return redirect_reply(request.target.replace(request.path, f"{request.path}/", 1))
        if request.path not in (COURSE_RUNS_PATH, COURSES_PATH):
            return html_reply(404, NOT_FOUND_PAGE)
        try:
            username = authenticate(request.header("Authorization"))
        except NotAuthenticated as error:
            return error.reply
        refusal = self._throttle.refusal(username, self.settings.throttle_per_hour)
        if refusal:
            return refusal
        if request.method == "OPTIONS":
            return json_reply(200, {"name": "Course Run List", "parses": ["application/json"]})
        if request.method not in ("GET", "HEAD"):
            return error_reply(405, f'Method "{request.method}" not allowed.')
        return self._cached_list(request, username, row_fault)

    def _access_token(self, request: Request) -> Reply:
        if request.method != "POST":
            return html_reply(405, "")
        return access_token_reply(request.body, self.settings.token_seconds)

    def _cached_list(self, request: Request, username: str, row_fault: RowFault | None) -> Reply:
        settings = self.settings
        version = (self.store.snapshot.saves, settings.count_delta)
        cached = settings.cache and row_fault is None
        if cached and (body := self._cache.get(request.target, version)) is not None:
            self._take_cached_time(body)
            return encoded_reply(200, body)
        reply = self._computed_list(request, username, row_fault)
        if cached and reply.status == 200:
            self._cache.put(request.target, version, reply.body)
        return reply

    def _take_cached_time(self, body: bytes) -> None:
        if self.settings.latency:
            with self._workers.one():
                rows = len(msgspec.json.decode(body, type=_Rows).results)
                self._workers.work_on_cached(self.settings, rows)

    def _computed_list(self, request: Request, username: str, row_fault: RowFault | None) -> Reply:
        settings = self.settings
        if not settings.latency:
            return self._list(request, username, row_fault)
        workers = self._workers
        with workers.one():
            reply = self._list(request, username, row_fault)
            if reply.status != 200:
                return reply
            page = msgspec.json.decode(reply.body, type=_Rows)
            rows = len(page.results)
            if request.path == COURSES_PATH:
                workers.work_on_courses(settings, rows)
            else:
                # Past the end, the service skips no rows.
                skipped = select_page(request.params, request.url, page.count).offset if rows else 0
                workers.work(settings, rows, skipped, full_objects="fields" not in request.params)
        return reply

    def _list(self, request: Request, username: str, row_fault: RowFault | None) -> Reply:
        snapshot = self.store.snapshot
        try:
            if request.path == COURSES_PATH:
                content = self._courses(snapshot, request)
            else:
                content = self._course_runs(snapshot, request, username, row_fault)
        except InvalidPage:
            return error_reply(404, "Invalid page.")
        except InvalidTimestamp:
            return json_reply(400, {"timestamp": ["Enter a valid date/time."]})
        except ServerFault:
            return html_reply(500, SERVER_ERROR_PAGE)
        return json_reply(200, content)

    def _course_runs(
        self, snapshot: Snapshot, request: Request, username: str, row_fault: RowFault | None
    ) -> dict[str, Any]:
        params = request.params
        utm_source = None if flag(params, "exclude_utm") else username
        entries = select(snapshot, params)
        page = select_page(params, request.url, len(entries))
        on_page = reshaped(
            row_fault, page.of(entries), entries[page.offset + page.limit :] if row_fault else []
        )
        return {
            "count": len(entries) + self.settings.count_delta,
            "next": row_fault.next if isinstance(row_fault, Next) else page.next,
            "previous": page.previous,
            "results": rows_of_reply(
                map(snapshot.row, on_page), wanted_fields(params), snapshot.seed, utm_source
            ),
        }

    def _courses(self, snapshot: Snapshot, request: Request) -> dict[str, Any]:
        courses = select_courses(snapshot, request.params)
        page = select_page(request.params, request.url, len(courses))
        return {
            "count": len(courses),
            "next": page.next,
            "previous": page.previous,
            "results": courses_of_reply(
                courses[page.offset : page.offset + page.limit], snapshot, request.params
            ),
        }

    def covers(self, request: Request, key: str) -> bool:
        """Return whether the course run with this key is on the page that a request selects."""
        if request.path != COURSE_RUNS_PATH:
            return False
        entries = select(self.store.snapshot, request.params)
        try:
            page = select_page(request.params, request.url, len(entries)).of(entries)
        except InvalidPage:
            return False
        return any(key_of(entry).lower() == key.lower() for entry in page)


class _Rows(msgspec.Struct):
    count: int
    results: list[msgspec.Raw]
