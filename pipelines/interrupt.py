"""interrupt - a script that is stopped by Ctrl-C ends without a traceback

Imported before all else: what takes a script its first milliseconds are imports.
"""
import sys

try:
    import _signal as signal  # the same without enum, which takes milliseconds
except ImportError:  # it is a part of Python that none promises
    import signal


def end(signum, _):
    """By an exception: what was begun is cleared away (finally)."""
    sys.exit(128 + signum)


signal.signal(signal.SIGINT, end)
