"""kinds_rows.py - tuples, sets, lists, matrices, words (kinds.py)"""
import scalar
from scalar import pick_other


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
