"""kinds.py - answers of each type, and the same with one thing changed

Each type is a class with make(rng), show(rng, model) and change(rng, model).
show writes one of many forms that mean the same. change returns
(what was changed, the text of an answer that is not equal[, the form of the
model that this is not equal to]); that it is not
equal follows from the model, by a check beside each change, never from the
verifier. What graders and README.md hold to be equal (a unit left out, the
order of a list, a tolerance) is not produced as a change.
"""
from fractions import Fraction

import scalar
from notation import Notation


def pick_other(rng, options, old):
    return rng.choice([o for o in options if o != old])


class Integer:
    @staticmethod
    def make(rng):
        return rng.choice([1, 1, 1, -1]) * rng.randint(2, 10 ** rng.randint(1, 9))

    @staticmethod
    def show(rng, k):
        s = str(k)
        if abs(k) >= 1000 and rng.random() < 0.5:
            s = format(k, ",").replace(",", rng.choice([",", "{,}", ",\\!"]))
        r = rng.random()
        if r < 0.1:
            s = "\\text{%s}" % s if "\\" not in s else s
        elif r < 0.2:
            s = "x = " + s
        elif r < 0.25:
            s = "\\mathbf{%s}" % s
        return s

    @staticmethod
    def change(rng, k):
        r = rng.randrange(16)
        n = str(k)
        if r == 0:
            return "sign", str(-k)
        if r == 1:
            return "unit", "\\$%d" % scalar.other_number(rng, abs(k))
        if r == 2:
            left = rng.choice(["-x", "2x", "x^2", "\\sqrt{x}", "|x|",
                               "\\frac{1}{x}", "x+1", "-2y", "\\frac{x}{2}",
                               "x-1", "3x", "\\ln x", "x!", "\\sin x"])
            return "left", "%s=%s" % (left, n)
        if r == 3:
            return "relation", "x%s%s" % (rng.choice(["<", ">", "\\le ", "\\geq ",
                                                      "\\ne ", "\\neq "]), n)
        if r == 4:
            return "added", n + ", " + str(scalar.other_number(rng, k))
        if r == 5:
            return "added", "\\{%s, %d\\}" % (n, scalar.other_number(rng, k))
        if r == 6:
            return "added", "x=%s \\text{ or } x=%d" % (
                n, scalar.other_number(rng, k))
        if r == 7:
            return "word", rng.choice(["\\text{no solution}", "\\text{none}",
                                       "\\emptyset", "\\infty", "\\text{Yes}",
                                       "\\text{undefined}", "\\mathbb{R}",
                                       "\\text{not } " + n, "\\ne " + n,
                                       "\\text{at least } " + n,
                                       "\\text{more than } " + n])
        if r == 8:
            return "value", n + rng.choice(["x", "\\pi", "i", "!", "\\sqrt{2}",
                                            "^2", "^{3}", "+1", "-1", "\\cdot 10",
                                            "\\times 10^{2}", "/7", "e", "n"]) \
                if abs(k) > 2 else str(k + 9)
        if r == 9:
            return "value", rng.choice(["\\frac{%s}{3}", "\\frac{1}{%s}",
                                        "\\sqrt{%s}", "10^{%s}", "(%s)^2"]) % n \
                if abs(k) < 10 ** 6 and abs(k) > 1 else str(k + 7)
        if r == 10:
            return "value", n + rng.choice([".5", ".25", ".1", ".01"])
        if r == 11:
            return "bound", rng.choice(["[%s, \\infty)", "(-\\infty, %s]",
                                        "(0, %s)", "[1, %s]"]) % n
        if r == 12 and abs(k) >= 1000:
            # a blank behind the comma makes a list of two; against a list a
            # number with commas may be one, too, so it has none here
            return "list", format(k, ",").replace(",", ", "), n
        if r == 13:
            return "choice", "\\textbf{(%s)}\\ %d" % (
                rng.choice("ABCDE"), scalar.other_number(rng, k))
        if r == 14:
            return "denied", rng.choice([
                "%d=%s" % (scalar.other_number(rng, abs(k)), n),
                n + "\\text{ is wrong}", n + "\\text{ is incorrect}",
                "\\text{not }" + n, n + "\\text{ or more}",
                n + "\\text{ is not the answer}"])
        return "value", str(scalar.other_number(rng, k))


class Decimal:
    """(digits, places): the value is digits / 10^places."""
    @staticmethod
    def make(rng):
        places = rng.randint(1, 5)
        digits = rng.randint(1, 10 ** rng.randint(1, 6)) * 10 + rng.randint(1, 9)
        return digits * rng.choice([1, 1, -1]), places

    @staticmethod
    def show(rng, m):
        digits, places = m
        s = str(abs(digits)).rjust(places + 1, "0")
        whole, part = s[:-places], s[-places:]
        if len(whole) > 3 and rng.random() < 0.5:
            whole = format(int(whole), ",").replace(
                ",", rng.choice([",", "{,}"]))
        if whole == "0" and rng.random() < 0.2:
            whole = ""
        return ("-" if digits < 0 else "") + whole + "." + part

    @staticmethod
    def change(rng, m):
        digits, places = m
        r = rng.randrange(6)
        if r == 0:
            return "sign", Decimal.show(rng, (-digits, places))
        if r == 1 and digits % 10:
            return "exponent", Decimal.show(rng, (digits, places + 1))
        if r == 2:
            return "unit", Decimal.show(rng, (scalar.other_number(
                rng, digits), places)) + rng.choice(["\\%", "\\text{ cm}"])
        if r == 3:
            return "left", rng.choice(["-x=", "x^2=", "2x="]) + \
                Decimal.show(rng, m)
        return "value", Decimal.show(rng, (scalar.other_number(rng, digits),
                                           places))


class Constant:
    make = staticmethod(scalar.constant)

    @staticmethod
    def show(rng, m):
        s = scalar.show(rng, m)
        return rng.choice(["%s", "%s", "%s", "x=%s"]) % s

    @staticmethod
    def change(rng, m):
        r = rng.randrange(8)
        if r == 0:
            return "left", rng.choice(["-x=%s", "x^2=%s", "\\sqrt{x}=%s",
                                       "2x=%s", "\\frac{1}{x}=%s"]) \
                % scalar.show(rng, m)
        if r == 1:
            return "relation", rng.choice(["x>%s", "x\\le %s", "x\\ne %s"]) \
                % scalar.show(rng, m)
        kind, new = scalar.changed(rng, m)
        return kind, scalar.show(rng, new)


class Function:
    @staticmethod
    def make(rng):
        while True:
            f = scalar.function(rng)
            if scalar.defined(f):
                return f

    show = staticmethod(scalar.show)

    @staticmethod
    def change(rng, m):
        kind, new = scalar.changed(rng, m)
        return kind, scalar.show(rng, new)


class Definition:
    """name(x) = formula: the left side counts when the gold has one."""
    @staticmethod
    def make(rng):
        return rng.choice(["f(x)", "g(x)", "y"]), scalar.polynomial(rng)

    @staticmethod
    def show(rng, m):
        return m[0] + rng.choice(["=", " = "]) + scalar.show(rng, m[1])

    @staticmethod
    def change(rng, m):
        r = rng.randrange(6)
        body = scalar.show(rng, m[1])
        if r == 0:
            # 2f(x) = p, (f(x))^2 = p: p is not its own half
            return "left", "%s=%s" % (rng.choice(
                ["2%s", "-%s", "%s^2", "\\frac{1}{%s}"]) % m[0], body)
        if r == 1:
            return "relation", m[0] + rng.choice(["<", ">", "\\ne ", "\\le "]) \
                + body
        kind, new = scalar.changed(rng, m[1])
        return kind, m[0] + "=" + scalar.show(rng, new)


class AtPoint:
    """f(2) = 3: another function or argument is another fact."""
    @staticmethod
    def make(rng):
        return rng.choice("fgh"), rng.randint(0, 20), rng.randint(-50, 50)

    @staticmethod
    def show(rng, m):
        return "%s(%d)%s%d" % (m[0], m[1], rng.choice(["=", " = "]), m[2])

    @staticmethod
    def change(rng, m):
        f, a, b = m
        r = rng.randrange(4)
        if r == 0:
            return "left", "%s(%d)=%d" % (pick_other(rng, "fgh", f), a, b)
        if r == 1:
            return "left", "%s(%d)=%d" % (f, a + rng.randint(1, 9), b)
        if r == 2:
            return "value", "%s(%d)=%d" % (f, a, b + rng.randint(1, 9))
        return "sign", "%s(%d)=%d" % (f, a, -b if b else 1)


class Line:
    """a x + b y = c with integers; proportional ones are the same line."""
    @staticmethod
    def make(rng):
        a, b = (rng.choice([1, -1]) * rng.randint(1, 12) for _ in range(2))
        return a, b, rng.randint(1, 40)

    @staticmethod
    def side(terms):
        out = ""
        for k, name in terms:
            if k == 0:
                continue
            s = str(abs(k)) if not name or abs(k) != 1 else ""
            out += ("-" if k < 0 else "+" if out else "") + s + name
        return out or "0"

    @staticmethod
    def show(rng, m):
        a, b, c = m
        k = rng.choice([1, 1, -1, 2])
        a, b, c = k * a, k * b, k * c
        return rng.choice([
            Line.side([(a, "x"), (b, "y")]) + "=%d" % c,
            Line.side([(a, "x"), (b, "y"), (-c, "")]) + "=0",
            Line.side([(a, "x")]) + "=" + Line.side([(-b, "y"), (c, "")])])

    @staticmethod
    def change(rng, m):
        new = list(m)
        i = rng.randrange(3)
        if rng.random() < 0.2:
            kind, new[i] = "sign", -new[i]
        elif rng.random() < 0.2:
            return "relation", Line.side([(m[0], "x"), (m[1], "y")]) + \
                rng.choice(["<", ">", "\\le ", "\\ne "]) + str(m[2])
        else:
            kind, new[i] = "value", new[i] + rng.choice([1, 2, -1, 13])
        same = all(new[j] * m[k] == new[k] * m[j]
                   for j, k in ((0, 1), (0, 2), (1, 2)))
        if same or (not new[0] and not new[1]):
            return "value", Line.side([(m[0], "x"), (m[1], "y")]) + \
                "=%d" % (m[2] + 1)
        return kind, Line.show(rng, new)


UNITS = {  # dimension: {name: size}
    "length": {"cm": Fraction(1, 100), "m": Fraction(1), "km": Fraction(1000),
               "mm": Fraction(1, 1000), "inches": Fraction(254, 10000),
               "feet": Fraction(3048, 10000), "miles": Fraction(1609344, 1000)},
    "time": {"seconds": Fraction(1), "minutes": Fraction(60),
             "hours": Fraction(3600), "days": Fraction(86400)},
    "mass": {"kg": Fraction(1), "g": Fraction(1, 1000)},
    "count": {"apples": None, "students": None, "points": None,
              "books": None},
    "angle": {"radians": None},
}
DIMENSION = {u: d for d, us in UNITS.items() for u in us}
SIZE = {u: s for us in UNITS.values() for u, s in us.items()}


class Quantity:
    @staticmethod
    def make(rng):
        unit = rng.choice(list(SIZE))
        power = rng.choice([1, 1, 2, 3]) if DIMENSION[unit] == "length" else 1
        return rng.randint(2, 400), unit, power

    @staticmethod
    def show(rng, m):
        k, unit, power = m
        p = "" if power == 1 else "^%d" % power
        form = rng.choice(["%d\\text{ %s}%s", "%d \\text{ %s}%s",
                           "%d\\ \\mathrm{%s}%s", "%d\\,\\text{%s}%s",
                           "%d~\\mbox{%s}%s"])
        return form % (k, unit, p)

    @staticmethod
    def change(rng, m):
        k, unit, power = m
        r = rng.randrange(6)
        if r == 0:
            return "value", Quantity.show(rng, (k + rng.randint(1, 9), unit,
                                                power))
        if r == 1 and DIMENSION[unit] == "length":
            return "exponent", Quantity.show(rng, (k, unit, power % 3 + 1))
        if r == 2:
            return "currency", rng.choice(["\\$%d", "£%d", "€%d", "%d\\%%",
                                           "%d\\text{ cents}",
                                           "%d^\\circ"]) % k
        if r == 3:
            return "sign", Quantity.show(rng, (-k, unit, power))
        other = pick_other(rng, list(SIZE), unit)
        return "unit", Quantity.show(
            rng, (k, other, power if DIMENSION[other] == "length" else 1))


MONEY = {"$": ["\\$%s", "%s\\text{ dollars}"], "pound": ["£%s", "\\pounds %s",
         "%s\\text{ pounds}"], "euro": ["€%s", "%s\\text{ euros}"],
         "yen": ["¥%s", "%s\\text{ yen}"]}


class Money:
    @staticmethod
    def make(rng):
        k = rng.randint(2, 3000)
        return rng.choice(list(MONEY)), (k if rng.random() < 0.6 else
                                         Fraction(k * 100 + 25, 100))

    @staticmethod
    def amount(k):
        return str(k) if isinstance(k, int) else "%.2f" % float(k)

    @staticmethod
    def show(rng, m):
        return rng.choice(MONEY[m[0]][:2 if m[0] != "pound" else 2]) % \
            Money.amount(m[1])

    @staticmethod
    def change(rng, m):
        cur, k = m
        r = rng.randrange(5)
        if r < 2:
            return "currency", Money.show(rng, (pick_other(
                rng, list(MONEY), cur), k))
        if r == 2:
            return "unit", Money.amount(k) + rng.choice(
                ["\\text{ cm}", "\\text{ cents}", "\\%", "\\text{ hours}",
                 "^\\circ", "\\text{ kg}"])
        if r == 3:
            return "value", Money.show(rng, (cur, k + rng.randint(1, 9)))
        return "sign", "-" + Money.show(rng, (cur, k))


class Percent:
    @staticmethod
    def make(rng):
        return rng.randint(1, 99)

    @staticmethod
    def show(rng, k):
        return rng.choice(["%d\\%%", "%d%%", "%d \\%%",
                           "%d\\text{ percent}"]) % k

    @staticmethod
    def change(rng, k):
        if rng.random() < 0.5:
            return "value", Percent.show(rng, scalar.other_number(rng, k))
        return "unit", rng.choice(["\\$%d", "%d^\\circ", "%d\\text{ cm}",
                                   "%d\\text{ cents}"]) % k


class Degrees:
    @staticmethod
    def make(rng):
        return rng.randint(1, 359)

    @staticmethod
    def show(rng, k):
        return rng.choice(["%d^\\circ", "%d^{\\circ}", "%d°",
                           "%d\\text{ degrees}"]) % k

    @staticmethod
    def change(rng, k):
        if rng.random() < 0.5:
            return "value", Degrees.show(rng, scalar.other_number(rng, k))
        return "unit", rng.choice(["\\$%d", "%d\\%%", "%d\\text{ cm}",
                                   "%d\\text{ radians}"]) % k


def entry(rng):
    """A number inside a bracket."""
    r = rng.random()
    if r < 0.7:
        return ("n", rng.randint(-20, 20))
    if r < 0.85:
        return ("/", ("n", rng.choice([1, -1]) * rng.randint(1, 20)),
                scalar.num(rng, 9))
    return ("*", scalar.num(rng, 9), ("root", 2, ("n", rng.choice([2, 3, 5]))))


def entries(rng, lo, hi):
    """Different from one another."""
    out = []
    n = rng.randint(lo, hi)
    while len(out) < n:
        e = entry(rng)
        if all(scalar.differ(e, o) for o in out):
            out.append(e)
    return out


def new_entry(rng, old):
    while True:
        e = entry(rng)
        if all(scalar.differ(e, o) for o in old):
            return e


def shown(rng, m, sep=None):
    return (sep or rng.choice([", ", ",", ",\\ "])).join(
        scalar.show(rng, e) for e in m)


class Tuple:
    @staticmethod
    def make(rng):
        return entries(rng, 2, 4)

    @staticmethod
    def show(rng, m):
        return rng.choice(["(%s)", "\\left(%s\\right)"]) % shown(rng, m)

    @staticmethod
    def change(rng, m):
        m = list(m)
        i = rng.randrange(len(m))
        r = rng.randrange(7)
        if r == 0:
            m[i], m[i - 1] = m[i - 1], m[i]
            kind = "order"
        elif r == 1 and len(m) > 2:
            del m[i]
            kind = "dropped"
        elif r == 2:
            m.insert(i, new_entry(rng, m))
            kind = "added"
        elif r == 3 and scalar.differ(m[i], scalar.minus(m[i])):
            m[i] = scalar.minus(m[i])
            kind = "sign"
        elif r == 4:
            return "brackets", "\\{%s\\}" % shown(rng, m)
        elif r == 5 and len(m) == 2:
            return "bound", rng.choice(["[%s]", "[%s)", "(%s]"]) % \
                shown(rng, m)
        else:
            m[i] = new_entry(rng, m)
            kind = "value"
        return kind, Tuple.show(rng, m)


class Set:
    @staticmethod
    def make(rng):
        return entries(rng, 2, 4)

    @staticmethod
    def show(rng, m):
        m = list(m)
        rng.shuffle(m)
        s = shown(rng, m)
        return rng.choice(["\\{%s\\}", "\\left\\{%s\\right\\}", "%s",
                           "x \\in \\{%s\\}"]) % s

    @staticmethod
    def change(rng, m):
        m = list(m)
        i = rng.randrange(len(m))
        r = rng.randrange(5)
        if r == 0:
            del m[i]
            kind = "dropped"
        elif r == 1:
            m.append(new_entry(rng, m))
            kind = "added"
        elif r == 2:
            old = m[i]
            m[i] = scalar.minus(old)
            if any(not scalar.differ(m[i], o) for j, o in enumerate(m)
                   if j != i) or not scalar.differ(m[i], old):
                m[i] = new_entry(rng, m + [old])
            kind = "sign"
        elif r == 3:
            return "left", rng.choice(["2x \\in \\{%s\\}", "x^2 \\in \\{%s\\}",
                                       "x \\notin \\{%s\\}"]) % shown(rng, m)
        else:
            m[i] = new_entry(rng, m)
            kind = "value"
        return kind, Set.show(rng, m)


class List:
    """x = 1 or x = 2, also with a sign in front of both."""
    make = staticmethod(Set.make)

    @staticmethod
    def show(rng, m):
        m = list(m)
        rng.shuffle(m)
        parts = [scalar.show(rng, e) for e in m]
        return rng.choice([", ", " \\text{ and } ", " \\text{ or } "]).join(
            ["x=" + p for p in parts] if rng.random() < 0.3 else parts)

    @staticmethod
    def change(rng, m):
        while True:
            kind, s = Set.change(rng, m)
            if kind != "left":
                return kind, s


class Named:
    """x = 1, y = 2: which value belongs to which name."""
    @staticmethod
    def make(rng):
        return entries(rng, 2, 2)

    @staticmethod
    def show(rng, m):
        a, b = (scalar.show(rng, e) for e in m)
        s = rng.choice([("x=%s, y=%s", 0), ("y=%s, x=%s", 1),
                        ("x = %s \\text{ and } y = %s", 0)])
        return s[0] % ((b, a) if s[1] else (a, b))

    @staticmethod
    def change(rng, m):
        a, b = m
        if rng.random() < 0.5:
            return "order", Named.show(rng, [b, a])
        return "value", Named.show(rng, [a, new_entry(rng, [b])])


class Matrix:
    @staticmethod
    def make(rng):
        rows, cols = rng.choice([(2, 2), (2, 1), (3, 1), (2, 3), (3, 3)])
        return [[rng.randint(-12, 12) for _ in range(cols)]
                for _ in range(rows)]

    @staticmethod
    def show(rng, m):
        kind = rng.choice(["pmatrix", "bmatrix"])
        return "\\begin{%s}%s\\end{%s}" % (kind, " \\\\ ".join(
            " & ".join(map(str, row)) for row in m), kind)

    @staticmethod
    def change(rng, m):
        new = [list(r) for r in m]
        i, j = rng.randrange(len(m)), rng.randrange(len(m[0]))
        r = rng.randrange(5)
        if r == 0:
            new[i], new[i - 1] = new[i - 1], new[i]
            kind = "order"
        elif r == 1:
            new = [list(c) for c in zip(*new)]
            kind = "order"
        elif r == 2:
            new[i][j] = -new[i][j]
            kind = "sign"
        elif r == 3:
            new.pop(i)
            kind = "dropped"
        else:
            kind = "entry"
        if new == m or kind == "entry":
            new = [list(r) for r in m]
            new[i][j] += rng.choice([1, -1, 2, 10])
            kind = "entry"
        return kind, Matrix.show(rng, new)


# --- sets of reals ----------------------------------------------------------
# An interval is (a, a_closed, b, b_closed); None for an infinite end.

def end(k):
    return {None: "\\infty"}.get(k, str(k))


class Interval:
    @staticmethod
    def make(rng):
        a = rng.randint(-20, 20)
        b = a + rng.randint(1, 20)
        m = [a, rng.random() < 0.5, b, rng.random() < 0.5]
        r = rng.random()
        if r < 0.2:
            m[0], m[1] = None, False
        elif r < 0.4:
            m[2], m[3] = None, False
        elif not m[1] and not m[3]:
            m[1] = True  # two round brackets are also a pair
        return tuple(m)

    @staticmethod
    def bracket(m):
        a, ac, b, bc = m
        return "%s%s, %s%s" % ("[" if ac else "(",
                               "-\\infty" if a is None else a, end(b),
                               "]" if bc else ")")

    @staticmethod
    def relation(rng, m, x="x"):
        a, ac, b, bc = m
        le = rng.choice(["\\le ", "\\leq ", "\\leqslant ", " \\le "])
        ge = rng.choice(["\\ge ", "\\geq ", "\\geqslant "])
        if a is None:
            return x + (le if bc else "<") + str(b)
        if b is None:
            return x + (ge if ac else ">") + str(a)
        return str(a) + (le if ac else "<") + x + (le if bc else "<") + str(b)

    @staticmethod
    def show(rng, m):
        r = rng.random()
        if r < 0.4:
            return Interval.bracket(m)
        if r < 0.7:
            return "x \\in " + Interval.bracket(m)
        return Interval.relation(rng, m)

    @staticmethod
    def changed(rng, m):
        a, ac, b, bc = m
        r = rng.randrange(4)
        if r == 0:
            if a is not None and (b is None or rng.random() < 0.5):
                return "bound", (a, not ac, b, bc)
            return "bound", (a, ac, b, not bc)
        if r == 1:
            d = rng.choice([1, 2, 10])
            if a is not None and (b is None or rng.random() < 0.5):
                return "value", (a - d, ac, b, bc)
            return "value", (a, ac, b + d, bc)
        if r == 2:
            new = (None if b is None else -b, bc, None if a is None else -a, ac)
            if new != m:
                return "sign", new
        if a is None:
            return "relation", (b, not bc, None, False)
        if b is None:
            return "relation", (None, False, a, not ac)
        return "dropped", (a, ac, None, False)

    @staticmethod
    def change(rng, m):
        r = rng.randrange(8)
        if r == 0:
            lefts = ["x \\notin %s", "x+1 \\in %s"]
            # -x in [-5, 5] and 2x in [0, oo) say what x in them says
            if None not in m and m[0] != -m[2]:
                lefts += ["2x \\in %s", "-x \\in %s", "x^2 \\in %s",
                          "\\sqrt{x} \\in %s"]
            return "left", rng.choice(lefts) % Interval.bracket(m)
        if r == 1 and m[0] is not None and m[2] is not None:
            kind = "order"
            s = "%s%d, %d%s" % ("[" if m[1] else "(", m[2], m[0],
                                "]" if m[3] else ")")
            return kind, s
        if r == 2 and m[0] is not None and m[2] is not None:
            return "brackets", "\\{%d, %d\\}" % (m[0], m[2])
        if r == 3:
            hole = (m[2] - 1 if m[0] is None else m[0] + 1)
            inside = m[2] is None or hole < m[2]
            if inside:
                return "condition", rng.choice(
                    ["%s, x \\ne %d", "%s \\setminus \\{%d\\}"]) % (
                        Interval.bracket(m), hole)
        kind, new = Interval.changed(rng, m)
        return kind, Interval.show(rng, new)


class Union:
    """Two intervals with a gap between them."""
    @staticmethod
    def make(rng):
        a = rng.randint(-20, 0)
        b = a + rng.randint(1, 8)
        c = b + rng.randint(1, 8)
        d = c + rng.randint(1, 8)
        flags = [rng.random() < 0.5 for _ in range(4)]
        first = (None, False, b, flags[1]) if rng.random() < 0.4 else \
            (a, flags[0], b, flags[1])
        second = (c, flags[2], None, False) if rng.random() < 0.4 else \
            (c, flags[2], d, flags[3])
        return first, second

    @staticmethod
    def show(rng, m):
        a, b = m if rng.random() < 0.8 else m[::-1]
        if rng.random() < 0.7:
            s = Interval.bracket(a) + " \\cup " + Interval.bracket(b)
            return s if rng.random() < 0.7 else "x \\in " + s
        return Interval.relation(rng, a) + " \\text{ or } " + \
            Interval.relation(rng, b)

    @staticmethod
    def change(rng, m):
        r = rng.randrange(6)
        i = rng.randrange(2)
        if r == 0:
            return "dropped", Interval.show(rng, m[i])
        if r == 1:
            return "relation", Interval.bracket(m[0]) + " \\cap " + \
                Interval.bracket(m[1])
        if r == 2:
            return "left", "x \\notin " + Interval.bracket(m[0]) + \
                " \\cup " + Interval.bracket(m[1])
        a, b = m
        k = rng.randrange(2)
        if r == 3:  # the bounds at the gap, opened or closed
            new = ((a[0], a[1], a[2], not a[3]), b) if k else \
                (a, (b[0], not b[1], b[2], b[3]))
            return "bound", Union.show(rng, new)
        # an outer or inner end moved by a half, so that the gap stays
        e = Fraction(1, 2)
        if k:
            new = Interval.bracket((a[0], a[1], "\\frac{%d}{2}" %
                                    (2 * (a[2] + e)), a[3]))
            return "value", new + " \\cup " + Interval.bracket(b)
        new = Interval.bracket(("\\frac{%d}{2}" % (2 * (b[0] - e)), b[1],
                                b[2], b[3]))
        return "value", Interval.bracket(a) + " \\cup " + new


class Excluded:
    """All reals but one or two."""
    @staticmethod
    def make(rng):
        return sorted(rng.sample(range(-20, 20), rng.randint(1, 2)))

    @staticmethod
    def show(rng, m):
        s = [str(k) for k in m]
        forms = ["x \\in \\mathbb{R}, x \\ne " + (", x \\ne ".join(s)),
                 "\\mathbb{R} \\setminus \\{%s\\}" % ", ".join(s)]
        if len(m) == 1:
            forms.append("(-\\infty, %s) \\cup (%s, \\infty)" % (s[0], s[0]))
        return rng.choice(forms)

    @staticmethod
    def change(rng, m):
        r = rng.randrange(4)
        if r == 0:
            return "condition", rng.choice(
                ["\\mathbb{R}", "x \\in \\mathbb{R}", "(-\\infty, \\infty)",
                 "\\text{all real numbers}"])
        if r == 1:
            new = list(m)
            new[rng.randrange(len(m))] += rng.choice([40, -40])
            return "condition", Excluded.show(rng, new)
        if r == 2:
            return "added", Excluded.show(rng, m + [m[0] + 50])
        return "condition", "x \\in \\mathbb{%s}, x \\ne %d" % (
            rng.choice("ZNQ"), m[0])


class Cases:
    """Two branches that meet at c: value and condition of each."""
    @staticmethod
    def make(rng):
        return (scalar.polynomial(rng), scalar.polynomial(rng),
                rng.randint(-9, 9), rng.random() < 0.5)

    @staticmethod
    def conditions(m, flip=False):
        c, closed = m[2], m[3] != flip
        return ("x %s %d" % (">" if not closed else "\\ge", c),
                "x %s %d" % ("\\le" if not closed else "<", c))

    @staticmethod
    def rows(rng, rows):
        rows = list(rows)
        if rng.random() < 0.4:
            rows.reverse()
        sep = rng.choice(["&", " & ", "&\\text{if } ", ", & "])
        return "\\begin{cases}%s\\end{cases}" % " \\\\ ".join(
            a + sep + b for a, b in rows)

    @staticmethod
    def show(rng, m):
        a, b = scalar.show(rng, m[0]), scalar.show(rng, m[1])
        up, down = Cases.conditions(m)
        return Cases.rows(rng, [(a, up), (b, down)])

    @staticmethod
    def change(rng, m):
        f, g, c, closed = m
        if not scalar.differ(f, g):
            return "branch", scalar.show(rng, f) + "+1"
        at = {"x": float(c)}
        r = rng.randrange(5)
        if r == 0:
            return "branch", Cases.show(rng, (g, f, c, closed))
        if r == 1:
            return "condition", Cases.show(rng, (f, g, c + rng.choice(
                [1, 2, -3]), closed))
        if r == 2 and abs(scalar.value(f, at) - scalar.value(g, at)) > 1e-6:
            return "bound", Cases.show(rng, (f, g, c, not closed))
        if r == 3:
            kind, new = scalar.changed(rng, f)
            if scalar.names(new) <= {"x"}:
                return kind, Cases.show(rng, (new, g, c, closed))
        return "branch", scalar.show(rng, rng.choice([f, g]))


class Family:
    """x = p k + q over all integers k; p in units of pi, q/12 of it."""
    @staticmethod
    def make(rng):
        return rng.randint(1, 3), Fraction(rng.randint(0, 11), 12)

    @staticmethod
    def text(p, q, letter, domain):
        s = ("" if p == 1 else str(p)) + letter + "\\pi"
        if q:
            s = "\\frac{%s\\pi}{%d}+%s" % (
                "" if q.numerator == 1 else q.numerator, q.denominator, s)
        return "x=%s, %s\\in\\mathbb{%s}" % (s, letter, domain)

    @staticmethod
    def show(rng, m):
        return Family.text(*m, rng.choice("kn"), "Z")

    @staticmethod
    def change(rng, m):
        p, q = m
        r = rng.randrange(4)
        if r == 0:
            return "condition", Family.text(p, q, "k", rng.choice("RNQ"))
        if r == 1:
            return "value", Family.text(p + 1, q, "k", "Z")
        if r == 2:
            return "value", Family.text(p, q + Fraction(rng.randint(1, 11), 24),
                                        "k", "Z")
        return "left", "2" + Family.text(p, q, "k", "Z")


class Congruence:
    @staticmethod
    def make(rng):
        n = rng.randint(3, 30)
        return rng.randrange(n), n

    @staticmethod
    def show(rng, m):
        return rng.choice(["x \\equiv %d \\pmod{%d}",
                           "x\\equiv %d \\pmod {%d}"]) % m

    @staticmethod
    def change(rng, m):
        a, n = m
        if rng.random() < 0.5:
            return "value", Congruence.show(rng, ((a + rng.randint(1, n - 1))
                                                  % n, n))
        return "condition", Congruence.show(rng, (a, n + rng.randint(1, 9)))


WORDS = ["Monday", "Tuesday", "Friday", "odd", "even", "parallel",
         "perpendicular", "circle", "ellipse", "parabola", "hyperbola",
         "Alice", "Bob", "Carol", "Evelyn", "east", "west", "north", "south",
         "neither", "both", "red", "blue", "increasing", "decreasing",
         "triangle", "square", "Yes", "No", "prime", "composite", "convergent",
         "divergent", "no solution", "infinitely many solutions", "A", "B",
         "C", "two", "three", "seven", "all real numbers"]


class Word:
    @staticmethod
    def make(rng):
        return rng.choice(WORDS)

    @staticmethod
    def show(rng, w):
        return rng.choice(["\\text{%s}", "\\text{%s}", "\\mathrm{%s}"]) % w \
            if " " not in w else "\\text{%s}" % w

    @staticmethod
    def change(rng, w):
        r = rng.randrange(6)
        if r == 0:
            return "word", "\\text{not %s}" % w
        if r == 1:
            return "word", str(rng.randint(10, 99))
        if r == 2:
            return "added", "\\text{%s and %s}" % (w, pick_other(rng, WORDS, w))
        return "word", Word.show(rng, pick_other(rng, WORDS, w))


class Ratio:
    @staticmethod
    def make(rng):
        from math import gcd
        while True:
            a, b = rng.randint(1, 30), rng.randint(1, 30)
            if gcd(a, b) == 1 and a != b:
                return a, b

    @staticmethod
    def show(rng, m):
        return rng.choice(["%d:%d", "%d : %d", "%d\\colon %d"]) % m

    @staticmethod
    def change(rng, m):
        a, b = m
        r = rng.randrange(3)
        if r == 0:
            return "order", "%d:%d" % (b, a)
        if r == 1:
            return "added", "%d:%d:%d" % (a, b, rng.randint(1, 30))
        return "value", "%d:%d" % (a, b + a * b)


class Complex:
    @staticmethod
    def make(rng):
        return rng.randint(-20, 20) or 1, rng.randint(2, 20)

    @staticmethod
    def show(rng, m):
        a, b = m
        s = "%d%si" % (a, "%+d" % b)
        return s if rng.random() < 0.6 else "%di%+d" % (b, a)

    @staticmethod
    def change(rng, m):
        a, b = m
        r = rng.randrange(5)
        if r == 0:
            return "sign", Complex.show(rng, (a, -b))
        if r == 1 and a != b:
            return "order", Complex.show(rng, (b, a))
        if r == 2:
            return "dropped", "%d%+d" % (a, b)
        if r == 3:
            return "order", "(%d, %d)" % (a, b)
        return "value", Complex.show(rng, (a + 1, b))


class Numeral:
    """A numeral with its base."""
    @staticmethod
    def make(rng):
        base = rng.randint(2, 9)
        return rng.randint(base, 400), base

    @staticmethod
    def digits(k, base):
        s = ""
        while k:
            s = str(k % base) + s
            k //= base
        return s or "0"

    @staticmethod
    def show(rng, m):
        return rng.choice(["%s_%d", "%s_{%d}"]) % (Numeral.digits(*m), m[1])

    @staticmethod
    def change(rng, m):
        k, base = m
        if rng.random() < 0.5:
            return "value", Numeral.show(rng, (k + rng.randint(1, 9), base))
        # the same digits to another base, which has them all
        return "unit", "%s_{%d}" % (Numeral.digits(k, base), base + 1)


class Sum:
    """A sum, product or integral written out, against its value changed."""
    @staticmethod
    def make(rng):
        return rng.randint(3, 40), rng.randint(1, 3)

    @staticmethod
    def value(m):
        n, p = m
        return sum(k ** p for k in range(1, n + 1))

    @staticmethod
    def show(rng, m):
        p = "" if m[1] == 1 else "^%d" % m[1]
        return str(Sum.value(m)) if rng.random() < 0.6 else \
            "\\sum_{k=1}^{%d} k%s" % (m[0], p)

    @staticmethod
    def change(rng, m):
        n, p = m
        r = rng.randrange(3)
        if r == 0:
            return "exponent", "\\sum_{k=1}^{%d} k^{%d}" % (n, p + 1)
        if r == 1:
            return "bound", "\\sum_{k=%d}^{%d} k^{%d}" % (
                rng.choice([2, 3]), n, p)
        return "value", str(scalar.other_number(rng, Sum.value(m)))


class Special:
    """A function that is a name, not a factor; digits, e, sign, digits."""
    @staticmethod
    def make(rng):
        return rng.choice(["\\zeta", "\\Gamma", "e"]), \
            rng.randint(2, 9), rng.randint(1, 9)

    @staticmethod
    def show(rng, m):
        f, a, b = m
        return "%de+%d" % (a, b) if f == "e" else "%s(%d)+%d" % (f, a, b)

    @staticmethod
    def change(rng, m):
        f, a, b = m
        if f == "e":
            return "notation", rng.choice(
                [str(a * 10 ** b), "%de-%d" % (a, b), "%d+%d" % (a, b)])
        # no product: \zeta(3) is a value of zeta
        return rng.choice([("order", "%d%s+%d" % (a, f, b)),
                           ("value", "%s(%d)+%d" % (f, a, b + 1))])


TYPES = [Integer, Integer, Decimal, Constant, Constant, Function, Function,
         Definition, AtPoint, Line, Quantity, Money, Percent, Degrees, Tuple,
         Set, List, Named, Matrix, Interval, Union, Excluded, Cases, Family,
         Congruence, Word, Ratio, Complex, Numeral, Sum, Special,
         Notation, Notation, Notation, Notation]
