"""wrong - a mistake in what was asked for, and the checks that find most"""
import os
import re

# what can stand in a make rule
PLAIN = re.compile(r"[A-Za-z0-9_./,+@-]*$")


class Wrong(Exception):
    """The mistake in one line: what was found, what is expected, what to do."""


def near(word, words):
    """" (did you mean X?)" where one of the words is alike."""
    import difflib  # 20 ms, only for a mistake
    found = difflib.get_close_matches(word, list(words), 1, 0.6)
    return f" (did you mean {found[0]}?)" if found else ""


LARGEST = 2_000_000_000  # of what programs take as a whole number


def number(name, text, whole=True, least=0, above=False, most=None):
    try:
        x = int(text) if whole else float(text)
        if "_" in str(text) or isinstance(text, float) and x != text:
            x = None
    except (ValueError, OverflowError):
        x = None
    if whole and most is None and x is not None and x > LARGEST:
        most = LARGEST
    if x is None or x != x or x < least or (above and x == least) or \
            x == float("inf") or (most is not None and x > most):
        kind = "a whole number" if whole else "a number"
        limit = f"above {least}" if above else f"from {least}"
        raise Wrong(f"{name}: found '{text}', expected {kind} {limit}" +
                    (f" to {most}" if most is not None else ""))
    return x


def check_regular(where, path):
    """A FIFO or a device would block or never end."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise Wrong(f"{where}: not a regular file")
