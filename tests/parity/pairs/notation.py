"""notation.py - pairs that differ by one mark of notation

Each row: what is changed, a text, another that is not equal to it. a, b, c are
different whole numbers from 3 to 29, p and q different primes from 5 on; the
rows hold for all of them. Every text also stands for what must equal itself.
A gold's own left side may be left out of an answer: "side" is not turned.
"""
PRIMES = [5, 7, 11, 13, 17, 19, 23]

ROWS = [
    # one side of a relation
    ("side", "<a>", "xy = <a>"), ("side", "<a>", "x + y = <a>"),
    ("side", "<a>", "\\log x = <a>"), ("side", "<a>", "\\cos\\theta = <a>"),
    ("side", "<a>", "<b> + <c> + 1000 = <a>"), ("side", "<a>", "|x| = <a>"),
    ("side", "<a>", "\\frac{x}{y} = <a>"), ("side", "<a>", "x^3 = <a>"),
    ("side", "<a>", "-<a> = x"), ("side", "<a>", "x = -<a>"),
    ("side", "<a>", "\\frac{dy}{dx} + 1 = <a>"), ("side", "<a>", "2f(x) = <a>"),
    ("side", "<a>", "\\sqrt[3]{n} = <a>"), ("side", "<a>", "e^x = <a>"),
    ("side", "<a>", "x^2 + y^2 = <a>"), ("side", "<a>", "n! = <a>"),
    ("side", "<a>", "\\lfloor x \\rfloor = <a>"), ("side", "<a>", "1/x = <a>"),
    ("left", "x = <a>, y = <b>", "2x = <a>, y = <b>"),
    ("left", "x = <a>", "y = <a>"), ("left", "f(x) = <a>x", "f(x) = <a>y"),
    ("left", "f(<a>) = <b>", "f(<b>) = <a>"),
    ("left", "\\angle A = <a>^\\circ", "\\angle B = <a>^\\circ"),
    ("left", "x_1 = <a>", "x_2 = <a>"), ("left", "AB = <a>", "AC = <a>"),
    ("left", "P(A) = \\frac{1}{<a>}", "P(B) = \\frac{1}{<a>}"),
    # the sign between
    ("side", "<a>", "x \\ne <a>"), ("side", "<a>", "x \\mid <a>"),
    ("side", "<a>", "x \\to <a>"), ("side", "<a>", "x \\propto <a>"),
    ("side", "<a>", "x \\lesssim <a>"), ("relation", "x > <a>", "x < <a>"),
    ("relation", "x \\ge <a>", "x > <a>"), ("relation", "x < y", "y < x"),
    ("relation", "a < b < c", "a < c < b"), ("relation", "x \\le y", "x < y"),
    ("relation", "<a> < x < 100", "x < <a> \\text{ or } x > 100"),
    ("relation", "x > <a> \\text{ and } x < 100",
     "x > <a> \\text{ or } x < 100"),
    ("relation", "A \\subset B", "B \\subset A"), ("relation", "A \\cup B", "A \\cap B"),
    ("relation", "p \\to q", "q \\to p"), ("relation", "p \\land q", "p \\lor q"),
    ("relation", "a \\mid b", "b \\mid a"), ("relation", "x \\in A", "x \\notin A"),
    ("relation", "y = <a>x", "y \\ne <a>x"),
    ("relation", "\\ell \\parallel m", "\\ell \\perp m"),
    # conditions
    ("condition", "<a>", "<a> \\text{ if } x > 0"),
    ("condition", "x^2, x > <a>", "x^2, x < <a>"),
    ("condition", "x^2, x > 0", "x^2"), ("condition", "<a>", "<a>, x > 0"),
    ("condition", "n \\text{ is even}", "n \\text{ is odd}"),
    ("condition", "x = <a>n, n \\in \\mathbb{Z}", "x = <a>n, n \\in \\mathbb{N}"),
    ("condition", "x > <a>, x \\ne 100", "x > <a>"),
    ("condition", "f(x) = <a>x, x > 0", "f(x) = <a>x, x < 0"),
    ("condition", "x = <a> + 100t, y = t", "x = <a> + 99t, y = t"),
    # units and currencies
    ("unit", "<a>\\text{ m}", "<a>\\text{ m/s}"),
    ("unit", "<a>\\text{ m}", "<a>\\text{ min}"),
    ("unit", "<a>\\text{ m/s}", "<a>\\text{ m/s}^2"),
    ("unit", "<a>\\text{ km/h}", "<a>\\text{ m/s}"),
    ("unit", "<a>\\text{ kW}", "<a>\\text{ kWh}"),
    ("unit", "<a>\\text{ g}", "<a>\\text{ kg}"),
    ("unit", "<a>^\\circ\\text{C}", "<a>^\\circ\\text{F}"),
    ("unit", "<a>^\\circ", "<a>\\text{ rad}"),
    ("unit", "<a>\\text{ square feet}", "<a>\\text{ feet}"),
    ("unit", "<a>\\text{ cubic cm}", "<a>\\text{ square cm}"),
    ("unit", "<a>\\text{ dozen}", "<a>\\text{ eggs}"),
    ("unit", "<a>\\text{ boys}", "<a>\\text{ girls}"),
    ("unit", "<a>\\text{ thousand}", "<a>\\text{ million}"),
    ("unit", "<a>\\text{ dollars per hour}", "<a>\\text{ dollars per day}"),
    ("unit", "<a>\\%", "<a>\\text{ points}"),
    ("currency", "\\$<a>", "<a>\\text{ cents}"), ("currency", "\\$<a>", "€<a>"),
    ("currency", "£<a>", "¥<a>"), ("currency", "\\$<a>.50", "£<a>.50"),
    ("currency", "<a>\\text{ cents}", "\\$0.<a>5"),
    # order and brackets
    ("order", "(<a>, <b>), (<c>, 99)", "(<b>, <a>), (<c>, 99)"),
    ("order", "(<a>, <b>), (<c>, 99)", "(<a>, 99), (<c>, <b>)"),
    ("order", "\\{(<a>, <b>)\\}", "\\{(<b>, <a>)\\}"),
    ("order", "\\{(<a>, <b>)\\}", "\\{<a>, <b>\\}"),
    ("order", "\\langle <a>, <b> \\rangle", "\\langle <b>, <a> \\rangle"),
    ("order", "<a>\\mathbf{i} + <b>\\mathbf{j}", "<b>\\mathbf{i} + <a>\\mathbf{j}"),
    ("order", "\\begin{pmatrix} <a> \\\\ <b> \\end{pmatrix}",
     "\\begin{pmatrix} <b> \\\\ <a> \\end{pmatrix}"),
    ("order", "\\begin{pmatrix} <a> & <b> \\end{pmatrix}",
     "\\begin{pmatrix} <a> \\\\ <b> \\end{pmatrix}"),
    ("order", "\\begin{vmatrix} <a> & 0 \\\\ 0 & <b> \\end{vmatrix}",
     "\\begin{pmatrix} <a> & 0 \\\\ 0 & <b> \\end{pmatrix}"),
    ("order", "<a> : <b> : <c>", "<a> : <c> : <b>"),
    ("order", "A, B, C = <a>, <b>, <c>", "A, B, C = <a>, <c>, <b>"),
    ("order", "a = <a>, b = <b>", "a = <b>, b = <a>"),
    ("order", "\\text{Alice}, \\text{Bob}", "(\\text{Bob}, \\text{Alice})"),
    ("bound", "(<a>, \\infty)", "[<a>, \\infty)"), ("bound", "[<a>, 99]", "[<a>, 99)"),
    ("bound", "(0, <a>] \\cup (40, 50)", "(0, <a>) \\cup (40, 50)"),
    ("bound", "[<a>, 99]", "\\{<a>, 99\\}"), ("bound", "[<a>, 99)", "(<a>, 99]"),
    ("bound", "\\mathbb{R}", "(0, \\infty)"), ("bound", "\\mathbb{Z}", "\\mathbb{Q}"),
    ("bound", "\\infty", "-\\infty"), ("bound", "\\mathbb{N}", "\\mathbb{Z}"),
    # dropped and added
    ("dropped", "\\pm <a>", "<a>"), ("dropped", "\\pm <a>", "-<a>"),
    ("dropped", "<a> \\pm \\sqrt{<p>}", "<a> + \\sqrt{<p>}"),
    ("dropped", "x = <a> \\text{ or } x = <b>", "x = <a>"),
    ("dropped", "<a>, <b>, <c>", "<a>, <c>"), ("dropped", "<a>x + C", "<a>x"),
    ("dropped", "(<a>, <b>), (<c>, 99)", "(<a>, <b>)"),
    ("dropped", "\\{\\{<a>\\}, <b>\\}", "\\{<a>, <b>\\}"),
    ("dropped", "\\text{Alice and Bob}", "\\text{Alice}"),
    ("dropped", "x = <a>, y = <b>", "x = <a>"),
    ("dropped", "0.\\overline{3}", "0.3"), ("dropped", "0.<p>\\overline{6}", "0.\\overline{<p>6}"),
    ("dropped", "\\overline{x} + <a>", "x + <a>"), ("dropped", "f'(x)", "f(x)"),
    ("dropped", "\\frac{<a>}{100}x", "\\frac{<a>}{100x}"),
    ("dropped", "\\frac{x+<a>}{2}", "x+\\frac{<a>}{2}"),
    ("dropped", "\\sqrt{x+<a>}", "\\sqrt{x}+<a>"), ("dropped", "|x-<a>|", "x-<a>"),
    ("dropped", "(x+<a>)^2", "x+<a>^2"), ("dropped", "-(x+<a>)", "-x+<a>"),
    # exponents, roots, logarithms, names
    ("exponent", "e^{<a>x}", "e^<a>x"), ("exponent", "<a>^{<b>}", "<b>^{<a>}"),
    ("exponent", "x^{<a>y}", "x^{<a>}y"), ("exponent", "(-x)^2", "-x^2"),
    ("exponent", "2^{3^{<a>}}", "(2^3)^{<a>}"), ("exponent", "<a>x^{-2}", "<a>x^2"),
    ("exponent", "x^{1/<a>}", "x^{<a>}"), ("exponent", "\\sin^2 x", "\\sin x^2"),
    ("exponent", "\\sin^{-1} x", "\\frac{1}{\\sin x}"),
    ("exponent", "10^{<a>}", "10^{-<a>}"), ("exponent", "<a> \\times 10^5", "<a> \\times 10^6"),
    ("exponent", "10^{30}+<a>", "10^{30}"), ("exponent", "\\sqrt{10^{20}+1}", "10^{10}"),
    ("function", "\\sqrt[3]{<p>}", "3\\sqrt{<p>}"),
    ("function", "\\log_{<a>} <p>", "\\log_{<p>} <a>") ,
    ("function", "\\log_2 <p>", "\\log_3 <p>"), ("function", "\\ln <p>", "\\log_{10} <p>"),
    ("function", "\\binom{30}{<a>}", "\\binom{31}{<a>}"), ("function", "<a>!", "<a>!!"),
    ("function", "\\sin <a>x", "\\cos <a>x"), ("function", "\\tan x", "\\cot x"),
    ("function", "\\arcsin \\frac{1}{<a>}", "\\arccos \\frac{1}{<a>}"),
    ("function", "\\max(x, <a>)", "\\min(x, <a>)"), ("function", "\\gcd(x, y)", "\\text{lcm}(x, y)"),
    ("function", "\\sinh x", "\\sin x"), ("function", "\\sec x", "\\csc x"),
    ("function", "\\Gamma(<p>)", "<p>\\Gamma"), ("function", "\\varphi(<p>)", "<p>\\varphi"),
    ("function", "\\zeta(<a>)", "\\zeta(<b>)"), ("function", "W(<a>)", "<a>W"),
    ("function", "x_1 + <a>", "x_2 + <a>"), ("function", "\\alpha + <a>", "\\beta + <a>"),
    ("function", "\\mu + <a>", "m + <a>"), ("function", "X + <a>", "x + <a>"),
    ("function", "\\int_0^1 <a>x\\,dx", "\\int_0^2 <a>x\\,dx"),
    ("function", "\\sum_{k=1}^{<a>0} k", "\\prod_{k=1}^{<a>0} k"),
    # digits
    ("value", "1\\frac{1}{<p>}", "\\frac{11}{<p>}"), ("value", "1\\frac{1}{<a>}", "1 \\cdot \\frac{1}{<a>}"),
    ("value", "<a>.<b>", "<b>.<a>"), ("value", "0.<a>", "0.0<a>"), ("value", "<a>{,}000", "<a>.000"),
    ("value", "123456789012345678901234567890", "123456789012345678901234567891"),
    ("value", "\\frac{<a>}{<b>}", "\\frac{<b>}{<a>}"), ("value", "<a>\\frac{1}{3}", "<a>.31"),
    ("value", "101_2", "101_3"), ("value", "101_2", "1001_2"), ("value", "<a>\\%", "0.00<a>5"),
    ("value", "10:30", "10:31"), ("value", "10:30 \\text{ a.m.}", "10:30 \\text{ p.m.}"),
    ("value", "\\text{March 5}", "\\text{March 6}"), ("value", "\\text{two}", "3"),
    ("value", "\\text{one half}", "\\frac{1}{3}"), ("value", "i^2 <a>", "<a>"),
    ("value", "<a> + <b>i", "<a> - <b>i"), ("value", "\\frac{<a>\\pi}{<p>}", "\\frac{<a>}{<p>}\\pi^2"),
    ("value", "x \\equiv <a> \\pmod{<p>00}", "x \\equiv <b> \\pmod{<p>00}"),
    ("value", "y = <a>x + <b>", "y = <b>x + <a>"), ("value", "x + y = <a>", "x + y + z = <a>"),
    ("value", "x^2 + y^2 = <a>", "x^2 - y^2 = <a>"), ("value", "(x-<a>)^2 + y^2 = 1", "(x+<a>)^2 + y^2 = 1"),
    ("value", "\\text{A}", "\\text{B}"), ("value", "\\text{I, II}", "\\text{I, III}"),
    ("word", "\\text{increasing}", "\\text{not increasing}"), ("word", "\\text{Yes}", "\\text{No}"),
    ("word", "\\text{true}", "\\text{not true}"), ("word", "\\text{finite}", "\\text{infinite}"),
    ("word", "\\text{rational}", "\\text{irrational}"), ("word", "\\text{always}", "\\text{never}"),
    ("word", "\\text{does not exist}", "\\text{exists}"), ("word", "\\text{no solution}", "\\text{one solution}"),
    ("word", "\\text{an acute triangle}", "\\text{an obtuse triangle}"), ("word", "\\text{first}", "\\text{second}"),
]


def filled(rng, *texts):
    numbers = dict(zip("abc", rng.sample(range(3, 30), 3)))
    numbers.update(zip("pq", rng.sample(PRIMES, 2)))
    while numbers["p"] in (numbers["a"], numbers["b"], numbers["c"]):
        numbers["p"] = rng.choice(PRIMES)
    for name, k in numbers.items():
        texts = [t.replace("<%s>" % name, str(k)) for t in texts]
    return texts


class Notation:
    """A model is a row with its numbers: (what is changed, text, other)."""
    @staticmethod
    def make(rng):
        kind, a, b = rng.choice(ROWS)
        return (kind, *filled(rng, a, b))

    @staticmethod
    def show(rng, m):
        s = m[1]
        if rng.random() < 0.3:
            s = s.replace(" = ", "=").replace(", ", ",\\ ")
        return s

    @staticmethod
    def change(rng, m):
        return m[0], m[2], m[1]
