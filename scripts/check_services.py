"""Fail if a server does not answer: ``check_services.py URL...``. Uses only the standard library."""

import socket
import sys
from urllib.parse import urlsplit

DEFAULT_PORTS = {"mysql": 3306, "postgres": 5432, "redis": 6379, "amqp": 5672}


def fault(url: str) -> str | None:
    """Return why the server at ``url`` does not answer, or ``None`` if it does."""
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORTS[parts.scheme])
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError as error:
        return f"{parts.scheme}: no server answers at {address[0]}:{address[1]} ({error})"
    return None


if __name__ == "__main__":
    faults = [found for url in sys.argv[1:] if (found := fault(url))]
    for line in faults:
        print(line, file=sys.stderr)
    if faults:
        sys.exit("Start the servers, or set their addresses: see the top of the Makefile.")
