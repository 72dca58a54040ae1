"""kinds_units.py - quantities, money, percentages, angles (kinds.py)"""
from fractions import Fraction

import scalar
from scalar import pick_other

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
