"""near.py - the golds of real task files against what is near them

For every gold: a digit changed, a sign, the ends of an interval or two parts
of a tuple swapped, a factor dropped, a unit changed, something added; and
other golds whose values are known to be others. A gold is read here by a
small reader of its own (reals only), so that what is equal after all (order of
a list, 1^2 and 1^3) is found without the verifier.
"""
import json
import math
import random
import re

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")
SKIP = re.compile(r"\\(?:left|right|displaystyle|[,;:! ])|\$|~")


class Unread(Exception):
    pass


class Reader:
    """A TeX number: digits, \\frac, \\sqrt, \\pi, powers, + - times /."""
    def __init__(self, s):
        s = re.sub(r"(?<=\d)(?:\{,\}|,\\!|,)(?=\d{3}(?!\d))", "", s)
        s = SKIP.sub(" ", s).replace("\\dfrac", "\\frac").replace(
            "\\tfrac", "\\frac")
        self.t = TOKEN.findall(s)
        self.i = 0

    def peek(self):
        return self.t[self.i] if self.i < len(self.t) else ""

    def take(self, want=None):
        tok = self.peek()
        if not tok or (want and tok != want):
            raise Unread
        self.i += 1
        return tok

    def argument(self):
        if self.peek() == "{":
            self.take()
            v = self.sum()
            self.take("}")
            return v
        tok = self.take()
        if tok == "\\pi":
            return math.pi
        if not tok.isdigit():
            raise Unread
        # \frac12: one digit each
        self.i -= 1
        self.t[self.i:self.i + 1] = [tok[0], tok[1:]] if tok[1:] else [tok]
        self.i += 1
        return float(tok[0])

    def atom(self):
        tok = self.take()
        if tok[0].isdigit():
            return float(tok)
        if tok == "(":
            v = self.sum()
            self.take(")")
            return v
        if tok == "\\pi":
            return math.pi
        if tok == "\\frac":
            a = self.argument()
            return a / self.argument()
        if tok == "\\sqrt":
            n = 2
            if self.peek() == "[":
                self.take()
                n = float(self.take())
                self.take("]")
            return self.argument() ** (1 / n)
        raise Unread

    def power(self):
        v = self.atom()
        if self.peek() == "^":
            self.take()
            if self.peek() == "-":
                raise Unread
            v = v ** self.argument()
        if isinstance(v, complex):
            raise Unread
        return v

    def product(self):
        v = self.power()
        last_frac = False
        while True:
            tok = self.peek()
            if tok in ("\\cdot", "\\times", "*"):
                self.take()
                v *= self.power()
            elif tok == "/":
                self.take()
                v /= self.power()
            elif tok == "\\frac":
                # a mixed number, where a whole number stands before it
                if not v.is_integer() or last_frac:
                    raise Unread
                v += self.power()
                last_frac = True
            elif tok in ("(", "\\pi", "\\sqrt"):
                v *= self.power()
            else:
                return v

    def sum(self):
        sign = 1
        while self.peek() in ("-", "+"):
            sign *= -1 if self.take() == "-" else 1
        v = sign * self.product()
        while self.peek() in ("-", "+"):
            v += self.product() if self.take() == "+" else -self.product()
        return v


def value(s):
    """The float that s writes, or None."""
    try:
        r = Reader(s)
        v = r.sum()
        return v if r.i == len(r.t) else None
    except (Unread, ValueError, ZeroDivisionError, OverflowError, TypeError):
        return None


def parts(s):
    """(open, parts, close) of a bracketed list, else None."""
    t = s.replace("\\left", "").replace("\\right", "").strip()
    m = re.fullmatch(r"([(\[]|\\\{)(.*)([)\]]|\\\})", t, re.S)
    if not m:
        return None
    depth, out, last = 0, [], 0
    body = m.group(2)
    for i, c in enumerate(body):
        depth += (c in "([{") - (c in ")]}")
        if depth < 0:
            return None
        if c == "," and depth == 0:
            out.append(body[last:i].strip())
            last = i + 1
    return m.group(1), out + [body[last:].strip()], m.group(3)


def unequal(a, b):
    """Proved to be different answers; reads numbers and lists of them."""
    if re.fullmatch(r"-?\d+", a) and re.fullmatch(r"-?\d+", b):
        return int(a) != int(b)
    u, v = value(a), value(b)
    if u is not None and v is not None:
        # a percent or a rounded gold is not told apart by a little
        return abs(u - v) > 0.01 * max(abs(u), abs(v), 1e-9) and \
            abs(u - 100 * v) > 1e-6 * abs(u) and \
            abs(v - 100 * u) > 1e-6 * abs(v)
    p, q = parts(a), parts(b)
    if not p or not q or len(p[1]) < 2 or len(q[1]) < 2:
        return False
    if len(p[1]) != len(q[1]):
        return True
    x, y = ([value(e) for e in side[1]] for side in (p, q))
    if None in x or None in y:
        return False
    if p[0] == "\\{" or q[0] == "\\{":
        x, y = sorted(x), sorted(y)
    return any(abs(i - j) > 1e-6 for i, j in zip(x, y))


def digit_changed(rng, s):
    """One digit changed where that must change the meaning."""
    at = [m for m in re.finditer(r"\d", s)]
    # not a power of one, nor a term times zero
    if not at or re.search(r"(?<!\d)[01]\s*\^|(?<![\d.])0(?![\d.])", s):
        return None
    m = rng.choice(at)
    new = rng.choice([d for d in "123456789" if d != m.group()])
    t = s[:m.start()] + new + s[m.end():]
    u, v = value(s), value(t)
    if u is not None and v is not None and \
            abs(u - v) <= 1e-9 * max(abs(u), abs(v)):
        return None
    if re.search(r"\\(sin|cos|tan|binom)", s) or "!" in s:
        return None
    return t


def sign_changed(s):
    v = value(s)
    if v:
        return s[1:] if s.startswith("-") else \
            "-" + s if re.match(r"[\\\d]", s) and "+" not in s and \
            "-" not in s else None
    p = parts(s)
    if p and p[0] != "\\{":
        x = [value(e) for e in p[1]]
        for i, u in enumerate(x):
            if u and not p[1][i].startswith("-"):
                out = list(p[1])
                out[i] = "-(" + out[i] + ")" if "+" in out[i] else \
                    "-" + out[i]
                return p[0] + ", ".join(out) + p[2]
    return None


def swapped(s):
    p = parts(s)
    if not p or p[0] == "\\{" or len(p[1]) < 2:
        return None
    a, b = p[1][:2]
    u, v = value(a), value(b)
    if u is not None and v is not None and abs(u - v) < 1e-9:
        return None
    if (u is None or v is None) and "infty" not in s:
        return None
    return p[0] + ", ".join([b, a] + p[1][2:]) + p[2]


def opened(s):
    p = parts(s)
    if not p or "infty" not in s or p[0] == "\\{" or len(p[1]) != 2:
        return None
    if "infty" in p[1][0] and "infty" not in p[1][1]:
        return s[:-1] + (")" if s[-1] == "]" else "]")
    if "infty" in p[1][1] and "infty" not in p[1][0]:
        return ("(" if p[0] == "[" else "[") + ", ".join(p[1]) + p[2]
    return None


def dropped(s):
    v = value(s)
    for old in ("\\pi", "\\sqrt"):
        if v and old in s and s.count(old) == 1:
            t = s.replace(old, "1" if old == "\\pi" and not re.search(
                r"\d\s*\\pi", s) else "")
            u = value(t)
            if u is not None and abs(u - v) > 1e-6 * abs(v):
                return t
    p = parts(s)
    if p and len(p[1]) > 2:
        return p[0] + ", ".join(p[1][:-1]) + p[2]
    return None


def unit_changed(s):
    if "\\$" in s and value(s.replace("\\$", "")) is not None:
        return s.replace("\\$", "£")
    if re.search(r"\^\{?\\circ\}?$", s):
        return re.sub(r"\^\{?\\circ\}?$", "\\\\text{ cm}", s)
    m = re.search(r"\\text\{ ?(cm|inches|feet|meters|seconds|minutes|hours|"
                  r"days|miles|square units|units|cents|dollars)\}", s)
    if m:
        return s.replace(m.group(0), "\\text{ kg}")
    if s.endswith("\\%"):
        return s[:-2] + "\\text{ cm}"
    return None


def added(s):
    v = value(s)
    if v is not None and "," not in s:
        return s + ", %d" % (abs(int(v)) % 89 + 3) \
            if abs(abs(int(v)) % 89 + 3 - v) > 1e-9 else None
    return None


def other_left(s):
    return "-x = " + s if value(s) else None


CHANGES = {"digit": None, "sign": sign_changed, "swapped": swapped,
           "opened": opened, "dropped": dropped, "unit": unit_changed,
           "added": added, "left": other_left}


def golds(paths):
    seen = {}
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for row in map(json.loads, f):
                if row["verifier"] == "math":
                    seen.setdefault(row["answer"], None)
    return list(seen)


def pairs(paths, others):
    """(type, change, gold, response, equal)"""
    rng = random.Random(7)
    every = golds(paths)
    for gold in every:
        yield "gold", "equal", gold, "\\boxed{%s}" % gold, True
        near = [(k, f(gold)) for k, f in CHANGES.items() if f]
        near += [("digit", digit_changed(rng, gold)) for _ in range(4)]
        for kind, text in near:
            if text is not None and text != gold:
                yield "gold", kind, gold, "\\boxed{%s}" % text, False
        for other in rng.sample(every, min(others, len(every))):
            if unequal(gold, other):
                yield "gold", "other", gold, "\\boxed{%s}" % other, False
        words = re.fullmatch(r"\\text\{[A-Za-z ]+\}", gold)
        for other in rng.sample(every, 5):
            v = value(other)
            if words and v is not None and v > 20:
                yield "gold", "word", gold, "\\boxed{%s}" % other, False
