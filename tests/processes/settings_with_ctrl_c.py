"""The sandbox's settings with a session factory that presses Ctrl-C twice."""

import os
import signal
import time
from typing import Any

from sandbox.lms.settings import *  # noqa: F403

CATALOG_SYNC_SESSION_FACTORY = f"{__name__}.press_ctrl_c_twice"


def press_ctrl_c_twice() -> None:
    """Press Ctrl-C in a worker thread, and again in the main thread, before that can end the sync run in order.

    The command handles the first one by restoring Python's own handler, which is for the second one.
    """
    set_handler = signal.signal

    def set_handler_and_press_again(number: Any, handler: Any) -> Any:
        signal.signal = set_handler
        before = set_handler(number, handler)
        signal.raise_signal(signal.SIGINT)
        return before

    signal.signal = set_handler_and_press_again
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
