# quick_json.sh - the JSON of stages' records is json's, byte by byte, and a stage
# starts without modules that take longer than it does
set -u
. tests/lib.sh
compare() { # program in Python
    (cd pipelines && python3 -S -B -c "$1") >"$T/out" 2>&1 || tail -n 3 "$T/out"
}

is texts_are_those_of_json "" "$(compare '
import json, random, quick_json
random.seed(1)
def value(depth):
    kind = random.randrange(9 if depth < 4 else 6)
    if kind < 3:
        return random.choice([True, False, None, {}, [], 0.1, 1e300, -0.0, 3.0,
                              float("inf"), random.randrange(-10**20, 10**20)])
    if kind < 6:
        return "".join(random.choice("ab\"\\\n\t/\x01\u00e9\u2028\U0001f600")
                       for _ in range(random.randrange(6)))
    if kind < 8:
        return {f"{i}\u00e9\"": value(depth + 1) for i in range(random.randrange(4))}
    return [value(depth + 1) for _ in range(random.randrange(4))]
for _ in range(3000):
    x = value(0)
    text = json.dumps(x, indent=0)
    assert quick_json.lines(x) == text, x
    assert json.dumps(quick_json.loads(" \n" + text + "\n"), indent=0) == text, x
')"
is what_is_no_json_is_a_value_error "" "$(compare '
import quick_json
for text in ["", "{", "[1,", "{\"a\":1} x", "nul", "\"a", "[1 2]", "{\"a\" 1}",
             "\0", "{\"a\":1}}"]:
    try:
        print("taken:", text, quick_json.loads(text))
    except ValueError:
        continue
    assert False
')"
is a_command_is_known_by_what_decides_bytes "" "$(compare '
import re
from fresh import identity
def said(c):
    return re.sub(r" --threads \d+", "", re.sub(r"\s*\\\n\s*", " ", c)).strip()
for c in ["a", " a --threads 2", "a --threads 2 --threads 16 b", "a --threads x",
          "a | \\\n\tb --threads 2 \\\n\\\n  -o x", "a --threads --threads 2",
          "a\\\n --threads 2", "a --threads 2\n"]:
    assert identity(c) == said(c), (c, identity(c))
')"
# A Python without those parts, and one whose scanner wants to know something else.
is without_private_parts_of_python "" "$(compare '
import sys
sys.modules["_json"] = None
import quick_json
assert quick_json.scan is None
import json
assert quick_json.lines({"a": [1.5, "\u2028"]}) == json.dumps({"a": [1.5, "\u2028"]}, indent=0)
assert quick_json.loads("{\"a\": [1]}") == {"a": [1]}
')"
is with_another_scanner "" "$(compare '
import sys, _json
del sys.modules["_json"]
class Other:
    encode_basestring_ascii = staticmethod(_json.encode_basestring_ascii)
    def make_scanner(rules, make=_json.make_scanner):
        return rules.another_rule if isinstance(rules, type) else make(rules)
sys.modules["_json"] = Other
import quick_json
assert quick_json.scan is None and quick_json.loads("[1]") == [1]
')"
is a_stage_starts_without_slow_modules "" "$(compare '
import sys, stage_run
assert not {"re", "json", "enum", "subprocess"} & set(sys.modules)
')"
