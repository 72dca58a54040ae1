"""wrong - a mistake in what was asked for"""


class Wrong(Exception):
    """The mistake in one line: what was found, what is expected, what to do."""


def near(word, words):
    """" (did you mean X?)" where one of the words is alike."""
    import difflib  # 20 ms, only for a mistake
    found = difflib.get_close_matches(word, list(words), 1, 0.6)
    return f" (did you mean {found[0]}?)" if found else ""
