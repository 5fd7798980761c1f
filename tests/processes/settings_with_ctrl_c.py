"""The sandbox's settings with a session factory that presses Ctrl-C twice."""

import os
import signal
import time

from sandbox.lms.settings import *  # noqa: F403

CATALOG_SYNC_SESSION_FACTORY = f"{__name__}.press_ctrl_c_twice"


def press_ctrl_c_twice() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    # The command handles the first one by restoring Python's own handler.
    while signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
