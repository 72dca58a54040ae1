"""kinds_relations.py - equations, cases, families, residue classes (kinds.py)"""
from fractions import Fraction

import scalar
from scalar import pick_other


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
