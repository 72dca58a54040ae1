"""quick_json - JSON as json has it, for programs that start thousands of times

json imports re and what that imports, which takes longer than a stage's own
work. The C parts of json need neither: they scan a text, and escape a string. No
Python promises them; where they are not there, or not as here, json does it.
"""


class Rules:
    """What json.JSONDecoder tells the scanner."""
    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, float
    memo = {}


try:
    from _json import encode_basestring_ascii as escaped, make_scanner
    scan = make_scanner(Rules)
except (ImportError, AttributeError, TypeError):
    scan = None


def loads(text):
    """json.loads; ValueError where the text is none."""
    if scan is None:
        import json
        return json.loads(text)
    text = text.strip(" \t\r\n")
    try:
        value, end = scan(text, 0)
    except (StopIteration, SystemError):  # the latter: it finds no json.decoder
        raise ValueError("no JSON") from None
    if end != len(text):
        raise ValueError("more than one value")
    return value


def load(f):
    return loads(f.read())


def lines(x):
    """json.dumps(x, indent=0)."""
    if scan is None:
        import json
        return json.dumps(x, indent=0)
    return "".join(parts(x))


def parts(x):
    if x is True or x is False or x is None:
        yield {True: "true", False: "false", None: "null"}[x]
    elif isinstance(x, str):
        yield escaped(x)
    elif isinstance(x, int):
        yield int.__repr__(x)
    elif isinstance(x, float):
        yield number(x)
    elif isinstance(x, dict):
        yield from inside("{}", ((f"{key(k)}: ", v) for k, v in x.items()))
    elif isinstance(x, (list, tuple)):
        yield from inside("[]", (("", v) for v in x))
    else:
        raise TypeError(f"a {type(x).__name__} is no JSON")


def number(x):
    if x - x == 0:
        return float.__repr__(x)
    return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"


def key(k):
    if not isinstance(k, str):
        raise TypeError("a key that is no text")
    return escaped(k)


def inside(brackets, members):
    between = brackets[0] + "\n"
    for name, value in members:
        yield between + name
        yield from parts(value)
        between = ",\n"
    yield "\n" + brackets[1] if between == ",\n" else brackets
