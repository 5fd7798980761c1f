"""An HTTP reply of the Catalog: status, headers in the service's order, body."""

from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import msgspec

Headers = tuple[tuple[str, str], ...]

JSON_VARY = "Accept, Accept-Language, Cookie, origin"
HTML_VARY = "Accept-Language, Cookie, origin"

SERVER_ERROR_PAGE = """
<!doctype html>
<html lang="en">
<head>
  <title>Server Error (500)</title>
</head>
<body>
  <h1>Server Error (500)</h1><p></p>
</body>
</html>
"""
NOT_FOUND_PAGE = """
<!doctype html>
<html lang="en">
<head>
  <title>Not Found</title>
</head>
<body>
  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>
</body>
</html>
"""
REQUEST_LINE_TOO_LARGE_PAGE = """<html>
  <head>
    <title>Bad Request</title>
  </head>
  <body>
    <h1><p>Bad Request</p></h1>
    Request Line is too large ({size} &gt; {limit})
  </body>
</html>
"""


@dataclass(frozen=True)
class Reply:
    """A ``bare`` reply is the web server's own, not the application's: it has no Server and no Date."""

    status: int
    headers: Headers
    body: bytes
    bare: bool = False

    def head(self, content_length: int | None) -> bytes:
        """Return the status line and the headers; without a length the body ends with the connection."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        if not self.bare:
            lines += ["Server: gunicorn", f"Date: {formatdate(usegmt=True)}"]
        lines.append("Connection: close")
        for name, value in self.headers:
            if name != "Content-Length":
                lines.append(f"{name}: {value}")
            elif content_length is not None:
                lines.append(f"{name}: {content_length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def with_headers(self, headers: dict[str, str]) -> "Reply":
        kept = tuple((name, value) for name, value in self.headers if name not in headers)
        return replace(self, headers=(*headers.items(), *kept))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def json_reply(status: int, content: Any, *, extra: Headers = ()) -> Reply:
    return encoded_reply(status, msgspec.json.encode(content), extra=extra)


def encoded_reply(status: int, body: bytes, *, extra: Headers = ()) -> Reply:
    """Return a reply with this JSON. ``extra`` headers are where the service has WWW-Authenticate and Retry-After."""
    headers = (
        ("Content-Type", "application/json"),
        *extra,
        ("Vary", JSON_VARY),
        ("Allow", "GET, POST, HEAD, OPTIONS"),
        ("X-Frame-Options", "DENY"),
        ("Content-Length", ""),
        ("Content-Language", "en"),
    )
    return Reply(status, headers, body)


def error_reply(status: int, detail: str, *, extra: Headers = ()) -> Reply:
    return json_reply(status, {"detail": detail}, extra=extra)


def html_reply(status: int, page: str) -> Reply:
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("X-Frame-Options", "DENY"),
        ("Content-Length", ""),
        ("Vary", HTML_VARY),
        ("Content-Language", "en"),
    )
    return Reply(status, headers, page.encode())


def request_line_too_large(size: int, limit: int) -> Reply:
    page = REQUEST_LINE_TOO_LARGE_PAGE.format(size=size, limit=limit)
    headers = (("Content-Type", "text/html"), ("Content-Length", ""))
    return Reply(400, headers, page.encode(), bare=True)


def redirect_reply(location: str, status: int = 301) -> Reply:
    return html_reply(status, "").with_headers({"Location": location})


def plain_reply(status: int, body: str, content_type: str, headers: dict[str, str] | None = None) -> Reply:
    """Return a reply that is not the application's, such as the error page of a proxy."""
    base = Reply(status, (("Content-Type", content_type), ("Content-Length", "")), body.encode())
    return base.with_headers(headers or {})
