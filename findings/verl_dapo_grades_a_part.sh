#!/bin/bash
# verl_dapo_grades_a_part - verl's DAPO reward compares only a part of an answer
#
# verl 0.9.1 (PyPI), utils/reward_score/math_dapo.py, the rule of DAPO runs.
# Guess: "Answer:" and the gold answer are normalised and compared as wholes.
# Found: of each only what stands behind its last "=" is compared, and of a line
# with several formulas only the first. So
#   gold "x=1, y=2"      Answer: x=7, y=2          right
#   gold "f(x)=x+1"      Answer: f(0)=5=x+1        right
#   gold "5"             Answer: $5$ or $6$        right
#   gold "3"             Answer: $3$ is wrong      right
# and the fallback to \boxed{} is compared with no normalisation at all:
#   gold "1234"          Answer: 1,234             right
#   gold "1234"          \boxed{1,234}             wrong
#   gold "1,234"         \boxed{1234}              wrong
# A response rewarded in training may so be wrong, and the same answer is right
# or wrong by the mark in front of it.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --no-deps verl==0.9.1
"$t/v/bin/python" - "$t/v" <<'P'
import glob
import importlib.util
import sys

# the file alone: the package's own imports want a whole training stack
path, = glob.glob(sys.argv[1] +
                  "/lib/*/site-packages/verl/utils/reward_score/math_dapo.py")
spec = importlib.util.spec_from_file_location("math_dapo", path)
rule = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rule)

CASES = [("x=1, y=2", "Answer: x=7, y=2", True),
         ("x=1, y=2", "Answer: x=1, y=3", False),
         ("f(x)=x+1", "Answer: f(0)=5=x+1", True),
         ("5", "Answer: $5$ or $6$", True),
         ("5", "Answer: 5 or 6", False),
         ("3", "Answer: $3$ is wrong", True),
         ("1234", "Answer: 1,234", True),
         ("1234", "\\boxed{1,234}", False),
         ("1,234", "\\boxed{1234}", False),
         ("1,234", "Answer: 1234", True)]
wrong = 0
for gold, response, want in CASES:
    got = rule.compute_score(response, gold)
    print("%-10s %-24s acc %-5s pred %r" % (gold, response, got["acc"],
                                            got["pred"]))
    wrong += got["acc"] is not want
sys.exit(wrong != 0)
P
