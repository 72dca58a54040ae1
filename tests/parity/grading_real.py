"""grading_real.py - every real answer equals itself and not its neighbour

    grading_real.py REWARD FILE...

For each distinct answer of a math row: in a box, in dollars and a box, in a
sentence, on an answer line; and with its last digit changed. For each choice
row: its letter in several forms; another letter; two letters. Prints verdict
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


LETTERS = ["%s", "(%s)", "%s)", "option %s", "\\boxed{%s}",
           "\\boxed{\\text{(%s)}}", "The answer is (%s).", "Answer: %s"]


def perturbed(answer):
    digits = list(re.finditer(r"\d", answer))
    if not digits:
        return None
    m = digits[-1]
    return f"{answer[:m.start()]}{(int(m.group()) + 1) % 10}{answer[m.end():]}"


KEPT = ["answer", "verifier", "choices"]


def choice_rows(row):
    a = row["answer"]
    text = row["choices"][ord(a) - 65].replace("\n", " ")
    other = chr(65 + (ord(a) - 64) % len(row["choices"]))
    for form in LETTERS:
        yield "letter", row, form % a, True
    yield "letter_and_text", row, f"Answer: {a}) {text}", True
    yield "other_letter", row, f"The answer is {other}.", False
    yield "two_letters", row, f"\\boxed{{{a}, {other}}}", False


def rows(paths):
    seen = set()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for row in map(json.loads, f):
                a = row["answer"]
                if row["verifier"] == "choice":
                    yield from choice_rows(row)
                if row["verifier"] != "math" or a in seen:
                    continue
                seen.add(a)
                for name, form in FORMS.items():
                    yield name, row, form % a, True
                other = perturbed(a)
                if other is not None:
                    yield "perturbed", row, FORMS["boxed"] % other, False


def main():
    asked = list(rows(sys.argv[2:]))
    text = "".join(
        json.dumps({**{k: row[k] for k in KEPT if k in row}, "id": str(i),
                    "response": r}, ensure_ascii=False) + "\n"
        for i, (_, row, r, _) in enumerate(asked))
    out = subprocess.run([sys.argv[1], "--json", "--quiet"],
                         input=text.encode(), stdout=subprocess.PIPE,
                         check=True).stdout.decode().splitlines()
    bad = {}
    for (name, row, r, want), line in zip(asked, out):
        if json.loads(line)["correct"] != want:
            bad.setdefault(name, []).append(r)
    for name in sorted({x[0] for x in asked}):
        n = sum(x[0] == name for x in asked)
        if n == 0 or name in bad:
            print(f"not ok real_answers_{name}: {len(bad.get(name, []))} of "
                  f"{n}, first {bad.get(name, ['-'])[0]}")
        else:
            print(f"ok real_answers_{name}")


main()
