#!/usr/bin/env python3
"""make_cases - write rows/ and json/: small inputs whose names say whether
they must be read (y_) or refused (n_)"""
import json, os

here = os.path.dirname(os.path.abspath(__file__))
good = {"id": "t/0", "task": "t", "prompt": "1+1=", "answer": "2",
        "verifier": "math"}
code = {"id": "t/1", "prompt": "def f():", "answer": "", "verifier": "code",
        "entry_point": "f", "test": "def check(f): assert f() == 1"}


def row(**change):
    r = dict(good, id="t/1")
    for k, v in change.items():
        if v is None:
            del r[k]
        else:
            r[k] = v
    return json.dumps(r)


rows = {
    "y_all_kinds": [row(), json.dumps(code | {"id": "t/2"}),
                    row(id="t/3", verifier="choice", choices=["a", "b"],
                        answer="B", task=None)],
    "y_extra_fields": [row(n=1, deep={"a": [1, {"b": None}]})],
    "n_no_verifier": [row(verifier=None)],
    "n_answer_is_number": [row(answer=2)],
    "n_answer_empty": [row(answer="")],
    "n_id_empty": [row(id="")],
    "n_id_twice": [row(id="t/0")],
    "n_choice_beyond": [row(verifier="choice", choices=["a", "b"],
                            answer="C")],
    "n_choice_lower_case": [row(verifier="choice", choices=["a"],
                                answer="a")],
    "n_choice_27": [row(verifier="choice", choices=["x"] * 27, answer="A")],
    "n_code_without_entry_point": [json.dumps(
        {k: v for k, v in code.items() if k != "entry_point"})],
    "n_row_is_number": ["5"],
    "n_cut_row": [row()[:-9]],
}
texts = {
    "y_scalar": b"1.5", "y_nul_escape": b'["\\u0000"]',
    "n_nul": b'["\0"]', "n_two": b"{} {}", "n_twice": b'{"a":1,"a":2}',
    "n_lone_surrogate": b'["\\udc00"]', "n_overlong": b'["\xc0\xaf"]',
    "n_trailing_comma": b"[1,\n 2,]",
}
for folder in "rows", "json":
    os.makedirs(os.path.join(here, folder), exist_ok=True)
for name, lines in rows.items():
    with open(os.path.join(here, "rows", name + ".jsonl"), "w") as f:
        f.write("\n".join([json.dumps(good)] + lines) + "\n")
for name, text in texts.items():
    with open(os.path.join(here, "json", name + ".json"), "wb") as f:
        f.write(text)
