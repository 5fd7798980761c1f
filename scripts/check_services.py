"""Fail if a server does not answer, or is another product: ``check_services.py VARIABLE=URL...``. Standard library."""

import socket
import sys
from urllib.parse import urlsplit

DEFAULT_PORTS = {"mysql": 3306, "postgres": 5432, "redis": 6379, "amqp": 5672}
START_MYSQL = "Start one with scripts/mysql.sh start."


def fault(variable: str, url: str) -> str | None:
    """Return what is wrong with the server at ``url``, or ``None`` if nothing is."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORTS[parts.scheme]
    hint = f" {START_MYSQL}" if variable == "MYSQL_URL" else ""
    try:
        with socket.create_connection((host, port), timeout=5) as server:
            # MySQL and MariaDB send their version first.
            greeting = server.recv(128) if parts.scheme == "mysql" else b""
    except OSError as error:
        return f"{variable}: no server answers at {host}:{port} ({error}).{hint}"
    if parts.scheme == "mysql" and (b"MariaDB" in greeting) != (variable == "MARIADB_URL"):
        return f"{variable}: the server at {host}:{port} is another product than the variable names.{hint}"
    return None


if __name__ == "__main__":
    faults = [found for argument in sys.argv[1:] if (found := fault(*argument.split("=", 1)))]
    for line in faults:
        print(line, file=sys.stderr)
    if faults:
        sys.exit("Start the servers, or set their addresses: see the top of the Makefile.")
