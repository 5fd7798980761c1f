"""``python -m sandbox.catalog``: run the stand-in Catalog service until Ctrl-C or SIGTERM."""

import argparse
import os
import signal
import sys
from threading import Thread
from types import FrameType

from sandbox.catalog.server import CatalogServer
from sandbox.catalog.service import Catalog, Start
from sandbox.catalog.settings import Settings

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    options = _options()
    settings = Settings(
        latency=options.latency,
        workers=options.workers,
        irregular=options.irregular,
        throttle_per_hour=options.throttle,
    )
    if options.exit_with_parent:
        Thread(target=_exit_at_end_of_input, daemon=True).start()
    for each in STOP_SIGNALS:
        signal.signal(each, _stop)
    try:
        catalog = Catalog(Start(options.runs, options.seed, settings))
        with CatalogServer((options.host, options.port), catalog) as server:
            print(f"Catalog stand-in listening on {server.url}", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        pass
    except OSError as error:
        sys.exit(f"Cannot listen on {options.host}:{options.port}: {error.strerror}.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.catalog", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=18381, help="0: any free port")
    parser.add_argument("--runs", type=int, default=3300, help="number of generated course runs")
    parser.add_argument("--seed", type=int, default=1, help="the same seed generates the same course runs")
    parser.add_argument("--latency", action="store_true", help="be as slow as the real service")
    parser.add_argument("--workers", type=int, default=2, help="requests in parallel, with --latency")
    parser.add_argument(
        "--irregular", type=int, metavar="SEED", help="vary the time of each page, with --latency"
    )
    parser.add_argument(
        "--throttle", type=int, metavar="N", help="requests per hour and user; default: no limit"
    )
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


def _stop(signum: int, frame: FrameType | None) -> None:
    # Ctrl-C at a terminal also reaches make, which then sends a SIGTERM: only the first signal counts.
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _exit_at_end_of_input() -> None:
    # The parent has the other end of this pipe, which closes however the parent ends.
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
