# SPDX-License-Identifier: GPL-2.0
"""How a command ends. Imported before all else, for Ctrl-C may come while the rest is still being loaded."""

import os
import signal
import sys

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = "interrupted. The same command starts again; what was complete is kept."


def say(text):
    """What is no result, on stderr, after the command's name."""
    name = sys.argv[0].rpartition("/")[2].removesuffix(".py")
    print(f"{name}: {text}", file=sys.stderr, flush=True)


def _while_loading(_number, _frame):
    # Nothing has begun that would have to be tidied up, and nothing is there yet to tidy up with.
    say(INTERRUPTED)
    os._exit(2)


# SIGINT too: who is started in the background of a shell inherits that it is ignored.
for _end in ENDS:
    signal.signal(_end, _while_loading)


def _while_working(_number, _frame):
    # A second Ctrl-C must not keep what the first one began from being tidied up.
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(usage, work):
    """WORK does what the command line's words ask for and returns the exit status."""
    import traceback
    from children import CHILDREN, CouldNotRun, Interrupted, forget_repository

    if sys.argv[1:] in (["help"], ["--help"], ["-h"]):
        print(usage)
        return 0

    try:
        for number in ENDS:
            signal.signal(number, _while_working)
        forget_repository()
        return work(sys.argv[1:])
    except CouldNotRun as error:
        CHILDREN.stop()
        say(error)
    except (KeyboardInterrupt, Interrupted):
        CHILDREN.stop()
        say(INTERRUPTED)
    except OSError as error:
        CHILDREN.stop()
        say(f"{error.strerror or error}: {error.filename or ''}. If the disk is full, make room; "
            "then run the same command again.")
    except Exception as error:
        CHILDREN.stop()
        traceback.print_exc()
        say(f"{type(error).__name__}: {error}. This is a defect of the bench. Please report it, "
            "with all that stands above.")
    return 2
