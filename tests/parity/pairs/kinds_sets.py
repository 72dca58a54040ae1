"""kinds_sets.py - sets of reals. An interval is (a, a_closed, b, b_closed);
None is an infinite end (kinds.py)"""
from fractions import Fraction


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
