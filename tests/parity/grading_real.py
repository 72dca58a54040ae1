"""grading_real.py - every real answer equals itself and not its neighbour

    grading_real.py REWARD FILE...

For each distinct answer of a math row: in a box, in dollars and a box, in a
sentence, on an answer line; and with its last digit changed. Prints verdict
lines for tests/run.
"""
import json
import re
import subprocess
import sys

FORMS = {
    "boxed": "\\boxed{%s}",
    "boxed_in_dollars": "so we get $\\boxed{%s}$.",
    "sentence": "We find that it works. The answer is $%s$.",
    "answer_line": "Some steps.\nAnswer: %s\n",
}


def perturbed(answer):
    digits = list(re.finditer(r"\d", answer))
    if not digits:
        return None
    m = digits[-1]
    return f"{answer[:m.start()]}{(int(m.group()) + 1) % 10}{answer[m.end():]}"


def rows(paths):
    seen = set()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for row in map(json.loads, f):
                a = row["answer"]
                if row["verifier"] != "math" or a in seen:
                    continue
                seen.add(a)
                for name, form in FORMS.items():
                    yield name, a, form % a, True
                other = perturbed(a)
                if other is not None:
                    yield "perturbed", a, FORMS["boxed"] % other, False


def main():
    asked = list(rows(sys.argv[2:]))
    text = "".join(
        json.dumps({"id": str(i), "prompt": "-", "answer": a,
                    "response": r}, ensure_ascii=False) + "\n"
        for i, (_, a, r, _) in enumerate(asked))
    out = subprocess.run([sys.argv[1], "--json", "--quiet"],
                         input=text.encode(), stdout=subprocess.PIPE,
                         check=True).stdout.decode().splitlines()
    bad = {}
    for (name, a, r, want), line in zip(asked, out):
        if json.loads(line)["correct"] != want:
            bad.setdefault(name, []).append(a)
    for name in [*FORMS, "perturbed"]:
        n = sum(x[0] == name for x in asked)
        if n == 0 or name in bad:
            print(f"not ok real_answers_{name}: {len(bad.get(name, []))} of "
                  f"{n}, first {bad.get(name, ['-'])[0]}")
        else:
            print(f"ok real_answers_{name}")


main()
