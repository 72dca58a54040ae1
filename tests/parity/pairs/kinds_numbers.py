"""kinds_numbers.py - numbers and formulas (kinds.py)"""
import math

import scalar


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


class Ratio:
    @staticmethod
    def make(rng):
        while True:
            a, b = rng.randint(1, 30), rng.randint(1, 30)
            if math.gcd(a, b) == 1 and a != b:
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
