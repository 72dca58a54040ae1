"""scalar.py - formulas: made at random, written as TeX, evaluated in floats

A formula is a tuple: ("n", k), ("v", name), ("pi",), ("+", a, b, ...),
("*", a, b, ...), ("/", a, b), ("^", a, b), ("root", n, a), ("f", name, a).
The evaluation is the oracle: it shares nothing with the verifier.
"""
import math

FUNCTIONS = {"\\sin": math.sin, "\\cos": math.cos, "\\tan": math.tan,
             "\\ln": math.log, "\\arctan": math.atan, "abs": abs,
             "floor": math.floor, "ceil": math.ceil}
FENCES = {"abs": ("|", "|"), "floor": ("\\lfloor ", "\\rfloor"),
          "ceil": ("\\lceil ", "\\rceil")}


def value(t, env):
    """A float; ValueError and the like where there is no real value."""
    op, args = t[0], t[1:]
    if op == "n":
        return float(args[0])
    if op == "v":
        return env[args[0]]
    if op == "pi":
        return math.pi
    if op == "f":
        return FUNCTIONS[args[0]](value(args[1], env))
    if op == "root":
        return value(args[1], env) ** (1.0 / args[0])
    x = [value(a, env) for a in args]
    if op == "+":
        return math.fsum(x)
    if op == "*":
        return math.prod(x)
    if op == "/":
        return x[0] / x[1]
    r = x[0] ** x[1]
    if isinstance(r, complex):
        raise ValueError("not real")
    return r


def names(t):
    if t[0] == "v":
        return {t[1]}
    return set().union(*(names(a) for a in t[1:] if isinstance(a, tuple)), set())


POINTS = [{"x": 0.7321, "y": 1.913, "n": 2.317, "a": 0.4177, "b": 1.3711},
          {"x": 1.4142, "y": 0.523, "n": 3.719, "a": 1.1234, "b": 0.6178},
          {"x": 2.2361, "y": 0.317, "n": 1.519, "a": 2.2345, "b": 2.1178}]


def differ(s, t):
    """True when the two are proved different; False: equal, or not known."""
    for p in POINTS:
        try:
            u, v = value(s, p), value(t, p)
        except (ValueError, ZeroDivisionError, OverflowError):
            continue
        if abs(u) > 1e12 or abs(v) > 1e12:
            continue
        if abs(u - v) > 1e-7 * max(1.0, abs(u), abs(v)):
            return True
    return False


def defined(t):
    try:
        return all(abs(value(t, p)) < 1e9 for p in POINTS)
    except (ValueError, ZeroDivisionError, OverflowError):
        return False


# --- TeX --------------------------------------------------------------------

SUM, PRODUCT, POWER, ATOM = range(4)


def paren(rng, s):
    return "(%s)" % s if rng.random() < 0.7 else "\\left(%s\\right)" % s


def at_least(rng, t, level):
    s, own = tex(rng, t)
    return s if own >= level else paren(rng, s)


def tex_sum(rng, terms):
    terms = list(terms)
    if rng.random() < 0.4:
        rng.shuffle(terms)
    out = ""
    for t in terms:
        s = at_least(rng, t, PRODUCT)
        if out and not s.startswith("-"):
            s = "+" + s if rng.random() < 0.5 else " + " + s
        out += s
    return out


def tex_product(rng, factors):
    # numbers first, so that no two digits meet
    first = [f for f in factors if f[0] == "n"]
    rest = [f for f in factors if f[0] != "n"]
    if rng.random() < 0.3:
        rng.shuffle(rest)
    # a name before a bracket would read as a function
    rest.sort(key=lambda f: f[0] == "v")
    if len(first) == 1 and abs(first[0][1]) == 1 and rest:
        sign = "-" if first[0][1] < 0 else ""
        first = []
    else:
        sign = ""
    out = sign
    for i, f in enumerate(first + rest):
        s = at_least(rng, f, POWER)
        if i and (s[0].isdigit() or s[0] == "-"):
            out += "\\cdot " + (s if s[0] != "-" else "(%s)" % s)
        elif i and rng.random() < 0.15:
            out += rng.choice(["\\cdot ", "\\times "]) + s
        elif i and (out[-1].isalpha() and s[0].isalpha()):
            out += " " + s
        else:
            out += s
    return out


def tex_function(rng, name, arg):
    inner = tex(rng, arg)[0]
    if name in FENCES:
        left, right = FENCES[name]
        return left + inner + right
    return name + paren(rng, inner)


def tex_fraction(rng, a, b):
    minus = ""
    if a[0] == "n" and a[1] < 0:
        minus, a = "-", ("n", -a[1])
    a, b = tex(rng, a)[0], tex(rng, b)[0]
    if a.isdigit() and b.isdigit() and rng.random() < 0.2:
        return minus + a + "/" + b, PRODUCT
    return (minus + rng.choice(["\\frac", "\\frac", "\\dfrac", "\\tfrac"]) +
            "{%s}{%s}" % (a, b)), (PRODUCT if minus else POWER)


def tex(rng, t):
    """The text, and how tightly it binds."""
    op, args = t[0], t[1:]
    if op == "n":
        return str(args[0]), (ATOM if args[0] >= 0 else PRODUCT)
    if op == "v":
        return args[0], ATOM
    if op == "pi":
        return "\\pi", ATOM
    if op == "+":
        return tex_sum(rng, args), SUM
    if op == "*":
        return tex_product(rng, args), PRODUCT
    if op == "/":
        return tex_fraction(rng, *args)
    if op == "^":
        e = tex(rng, args[1])[0]
        base = at_least(rng, args[0], ATOM)
        return base + "^" + (e if len(e) == 1 and rng.random() < 0.5
                             else "{%s}" % e), POWER
    if op == "root":
        n = "" if args[0] == 2 else "[%d]" % args[0]
        return "\\sqrt%s{%s}" % (n, tex(rng, args[1])[0]), ATOM
    return tex_function(rng, *args), ATOM


def show(rng, t):
    return tex(rng, t)[0]


# --- made at random ---------------------------------------------------------

def num(rng, big=20):
    return ("n", rng.randint(2, big))


def ratio(rng):
    return ("/", ("n", rng.choice([1, -1]) * rng.randint(1, 40)), num(rng))


def constant(rng):
    """A number that is no plain one."""
    k = rng.randrange(10)
    surd = ("root", 2, ("n", rng.choice([2, 3, 5, 6, 7, 10, 11, 13])))
    if k == 0:
        return ratio(rng)
    if k == 1:
        return ("+", num(rng), ("*", num(rng, 9), surd))
    if k == 2:
        return ("/", ("+", num(rng), ("*", ("n", -rng.randint(2, 9)), surd)),
                num(rng))
    if k == 3:
        return ("/", ("*", num(rng), ("pi",)), num(rng))
    if k == 4:
        return ("^", num(rng, 9), num(rng, 7))
    if k == 5:
        return ("root", 3, num(rng, 50))
    if k == 6:
        return ("*", num(rng), ("f", rng.choice(["\\ln", "\\arctan"]),
                                num(rng)))
    if k == 7:
        return ("f", rng.choice(["\\sin", "\\cos", "\\tan"]),
                ("/", ("pi",), ("n", rng.randint(5, 14))))
    if k == 8:
        return ("*", num(rng), surd)
    return ("+", ("*", num(rng), ("pi",)), ("n", -rng.randint(1, 30)))


def power_of(rng, name):
    k = rng.randint(1, 5)
    return ("v", name) if k == 1 else ("^", ("v", name), ("n", k))


def polynomial(rng, name="x"):
    degrees = rng.sample(range(1, 5), rng.randint(1, 3))
    terms = []
    for d in sorted(degrees, reverse=True):
        p = ("v", name) if d == 1 else ("^", ("v", name), ("n", d))
        terms.append(("*", ("n", rng.choice([-1, 1]) * rng.randint(2, 12)), p))
    return ("+", *terms, ("n", rng.choice([-1, 1]) * rng.randint(1, 30)))


def function(rng):
    """A formula with variables."""
    k = rng.randrange(8)
    x, y = rng.sample(["x", "y", "n", "a", "b"], 2)
    if k == 0:
        return polynomial(rng, x)
    if k == 1:
        return ("/", polynomial(rng, x), ("+", power_of(rng, x), num(rng)))
    if k == 2:
        return ("*", num(rng), power_of(rng, x), power_of(rng, y))
    if k == 3:
        return ("*", ("+", ("v", x), num(rng)),
                ("+", ("v", x), ("n", -rng.randint(1, 20))))
    if k == 4:
        return ("*", num(rng), ("f", rng.choice(list(FUNCTIONS)),
                                ("*", num(rng), ("v", x))))
    if k == 5:
        return ("root", 2, ("+", power_of(rng, x), num(rng)))
    if k == 6:
        return ("^", num(rng, 7), ("+", ("v", x), ("n", rng.randint(1, 6))))
    return ("+", ("*", num(rng), ("v", x)), ("*", ("n", -rng.randint(2, 9)),
                                             ("v", y)))


# --- one thing changed ------------------------------------------------------

def pick_other(rng, options, old):
    return rng.choice([o for o in options if o != old])


def places(t, at=()):
    yield at, t
    for i, a in enumerate(t[1:], 1):
        if isinstance(a, tuple):
            yield from places(a, at + (i,))


def put(t, at, new):
    if not at:
        return new
    i = at[0]
    return t[:i] + (put(t[i], at[1:], new),) + t[i + 1:]


def other_number(rng, k):
    digits = list(str(abs(k)))
    i = rng.randrange(len(digits))
    digits[i] = rng.choice([d for d in "123456789" if d != digits[i]])
    return int("".join(digits)) * (-1 if k < 0 else 1)


def change_at(rng, t, under):
    """(kind, new) for the node t, whose parent has the operator `under`."""
    op = t[0]
    if op == "n":
        kind = "exponent" if under == "^2" else "value"
        return kind, ("n", other_number(rng, t[1]))
    if op == "v":
        return "value", ("v", rng.choice([n for n in ("x", "y", "a", "b")
                                          if n != t[1]]))
    if op == "f":
        return "function", ("f", rng.choice([f for f in FUNCTIONS
                                             if f != t[1]]), t[2])
    if op == "root":
        return "function", ("root", 5 - t[1], t[2]) if t[1] in (2, 3) else t
    if op == "pi":
        return "dropped", ("n", 1)
    if op == "*" and len(t) > 2:
        i = rng.randrange(1, len(t))
        rest = t[:i] + t[i + 1:]
        return "dropped", rest if len(rest) > 2 else rest[1]
    if op == "+":
        i = rng.randrange(1, len(t))
        return "sign", t[:i] + (minus(t[i]),) + t[i + 1:]
    if op == "/":
        return "order", ("/", t[2], t[1])
    if op == "^":
        return "exponent", t[1]
    return "value", t


def minus(t):
    if t[0] == "n":
        return ("n", -t[1])
    if t[0] == "*":
        for i, a in enumerate(t[1:], 1):
            if a[0] == "n":
                return t[:i] + (("n", -a[1]),) + t[i + 1:]
        return ("*", ("n", -1), *t[1:])
    if t[0] == "/" and t[1][0] == "n":
        return ("/", ("n", -t[1][1]), t[2])
    return ("*", ("n", -1), t)


def changed(rng, t):
    """(kind, another formula that is proved different)"""
    every = list(places(t))
    for _ in range(50):
        if rng.random() < 0.1:
            kind, new = "sign", minus(t)
        else:
            at, node = rng.choice(every)
            under = ""
            if at:
                parent = t
                for i in at[:-1]:
                    parent = parent[i]
                under = parent[0] + str(at[-1])
            kind, sub = change_at(rng, node, under)
            new = put(t, at, sub)
        if differ(t, new):
            return kind, new
    return "sign", minus(t)
