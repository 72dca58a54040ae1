#!/bin/bash
# math_verify_left_sides - math-verify takes an equation's right side for the
# answer, whatever stands on its left
#
# math-verify 0.9.0 (PyPI), the grader of many RLVR recipes, with its defaults.
# Guess: "x = 5" is accepted for the gold 5 because x is a bare name, so an
# equation that says something else about 5 is not.
# Found: every equation whose last side is 5 is accepted, false ones included,
# and an equation gold is compared by its last side alone when both left sides
# are function calls:
#   gold 5        -x=5   x^2=5   \sqrt{x}=5   x+y=5   3=5      right
#   gold f(2)=3   g(9)=3                                       right
# It holds in one direction only: gold -x=5, answer 5, is wrong.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q math-verify==0.9.0
"$t/v/bin/python" - <<'P'
import sys

from math_verify import parse, verify

CASES = [("5", "x=5", True), ("5", "-x=5", True), ("5", "x^2=5", True),
         ("5", "\\sqrt{x}=5", True), ("5", "x+y=5", True), ("5", "3=5", True),
         ("7", "5=7", True), ("5", "5=7", False), ("-x=5", "5", False),
         ("5", "x>5", False), ("f(2)=3", "g(9)=3", True)]
wrong = 0
for gold, answer, want in CASES:
    got = verify(parse("$%s$" % gold), parse("$%s$" % answer))
    print("%-8s %-12s %s" % (gold, answer, got))
    wrong += got is not want
sys.exit(wrong != 0)
P
