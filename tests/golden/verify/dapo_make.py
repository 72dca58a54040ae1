"""dapo_make.py - 2,000 random responses judged by verl's rule for DAPO

    dapo_make.py MATH_DAPO_PY >dapo.jsonl

MATH_DAPO_PY is verl/utils/reward_score/math_dapo.py of verl 0.9.1, loaded
alone. Each line is a record for reward, with what verl says about it: want
(acc) and want_pred (pred).
"""
import importlib.util
import json
import random
import sys

GOLDS = ["34", "-7", "1,234", "1234", "\\frac{1}{2}", "\\frac12", "\\sqrt{2}",
         "\\sqrt2", "2\\sqrt3", "x=5", "y = 2x+1", "(1, 2)", "\\$36", "90^\\circ",
         "90", "5 \\text{ cm}", "12 inches", "\\text{east}", "50\\%", "a cat",
         "an apple", "\\text{A}", "\\textbf{B}", "\\overline{AB}", "3.5", "025",
         "2^{10}", "1/2", "[0, 1)", "x > 3", "\u03c0/4", "12 \u5143", "\uff11,\uff12\uff13",
         "\u00bd", "\u00b2,3", "10{,}000", "40,\\!320", "{1,2,3}", "\\dots", "",
         "7 \\text{ days}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}", "$5$", "No"]
MARKS = ["Answer: ", "answer:", "ANSWER : ", "Answer:\n", "Answer:\n\n",
         "Answer :\u3000", "The answer: ", "**Answer:** ", "Final Answer: ",
         "An\u017fwer: ", "Answer\n: ", "Answer\uff1a", "Answer is ",
         "Answer:\u00a0", "answer\t:\t", "Answer:\x1c", "Answer: Answer: ",
         "myanswer:", "Answer = ", "\u7b54\u6848: ", "#### ", "Answer:: "]
WORDS = ["so we get", "=", "$x$", "\\frac{a}{b}", "therefore", "\n", "\n\n",
         "\u56e0\u6b64", "\u043e\u0442\u0432\u0435\u0442", "\U0001f600", "\u2212", "{", "}",
         "\\boxed{", "\\boxed{3}", "a", "12", ".", "\\{", "\u2003", "$$"]
TAILS = ["", "", "", ".", "\n", " \n", "$", ".$", " dollars", "\u3000", " ",
         "\n\nDone.", "}", "\nThe end.", " \u00b0", "\r\n", " units", " cm"]


def dress(rng, s):
    k = rng.randrange(14)
    if k == 0:
        return "$%s$" % s
    if k == 1:
        return "\\boxed{%s}" % s
    if k == 2:
        return "$\\boxed{%s}$" % s
    if k == 3:
        return "x = " + s
    if k == 4:
        return "the value $%s$ holds and $y$" % s
    if k == 5:
        return "\\text{%s}" % s
    if k == 6:
        return "**%s**" % s
    if k == 7:
        return s.replace("{", "").replace("}", "")
    if k == 8:
        return s + rng.choice([" km", "\\text{ m}", "^{\\circ}", " \\ldots",
                               "\\mathrm{th}", ",\\text{and}", "\\;", '"',
                               "\\text{}^2", "\\mbox{s}", "\\text{\ns}"])
    if k == 9:
        return "an " + s
    return s


def prose(rng, n):
    s = ""
    while len(s) < n:
        s += rng.choice(WORDS) + rng.choice([" ", " ", "", "\n"])
    return s


def part(rng, gold):
    answer = gold if rng.random() < 0.7 else rng.choice(GOLDS)
    k = rng.randrange(10)
    if k < 5:
        return rng.choice(MARKS) + dress(rng, answer) + rng.choice(TAILS)
    if k < 8:
        return rng.choice(["\\boxed{%s}", "$\\boxed{%s}$", "\\boxed {%s}",
                           "\\boxed{%s", "\\fbox{%s}", "\\boxed{{%s}}"]) \
            .replace("%s", answer) + rng.choice(TAILS)
    return prose(rng, rng.randint(0, 40))


def response(rng, gold):
    out = ""
    r = rng.random()
    if r < 0.25:
        out = prose(rng, rng.randint(0, 330))
    for _ in range(rng.randint(1, 3)):
        out += part(rng, gold)
    r = rng.random()
    if r < 0.2:  # around the edges of 100 and 300 characters
        out += prose(rng, rng.choice([60, 90, 100, 110, 260, 290, 300, 310]))
    return out


def main():
    spec = importlib.util.spec_from_file_location("math_dapo", sys.argv[1])
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    rng = random.Random(20251129)
    for i in range(2000):
        gold = rng.choice(GOLDS)
        text = response(rng, gold)
        r = rule.compute_score(text, gold)
        print(json.dumps({"id": str(i), "prompt": "-", "verifier": "math",
                          "answer": gold, "response": text,
                          "want": bool(r["acc"]), "want_pred": r["pred"]},
                         ensure_ascii=False))


main()
