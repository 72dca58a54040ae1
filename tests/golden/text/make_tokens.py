"""make_tokens.py - what Hugging Face tokenizers gives for hard strings

usage: python3 tests/golden/text/make_tokens.py fixture QWEN2_DIR
           writes tests/golden/text/tokens.jsonl and variants.jsonl
       python3 tests/golden/text/make_tokens.py compare TOKENIZER_JSON N [SEED]
           N random strings through both, bin/tokenize ($BIN/tokenize)

tokens.jsonl: {"text", "specials", "tiny": ids, "qwen2": ids}; tiny is
tests/golden/text/tokenizer.json. variants.jsonl: members of tokenizer.json
replaced, to see other features, and texts with their ids.
"""
import copy
import json
import os
import subprocess
import sys
import tokenizers
from tokenizers import Tokenizer
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from hard import strings  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def ids(tok, text, specials):
    tok.encode_special_tokens = not specials
    return tok.encode(text, add_special_tokens=False).ids


def byte_level(**more):
    return {"type": "ByteLevel", "add_prefix_space": False,
            "trim_offsets": False, "use_regex": False, **more}


def splits(*patterns):
    return {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": p}, "behavior": "Isolated",
         "invert": False} for p in patterns] + [byte_level()]}


def added(id_, content, **flags):
    return {"id": id_, "content": content, "single_word": False,
            "lstrip": False, "rstrip": False, "normalized": False,
            "special": False, **flags}


def variants(base):
    n = len(base["model"]["vocab"])
    pairs = [m.split(" ") for m in base["model"]["merges"]]
    end = added(n, "<|endoftext|>", special=True)
    yield "pairs", {"model": {"merges": pairs}}
    yield "ignore_merges", {"model": {"ignore_merges": True,
                                      "merges": pairs[:40]}}
    yield "no_normalizer", {"normalizer": None}
    yield "nfc_sequence", {"normalizer": {
        "type": "Sequence", "normalizers": [{"type": "NFC"}]}}
    yield "cl100k", {"pre_tokenizer": splits(CL100K)}
    yield "o200k", {"pre_tokenizer": splits(O200K)}
    yield "two_splits", {"pre_tokenizer": splits(
        r"\p{N}{1,3}", r"[^\s]+|\s+(?!\S)|\s+")}
    yield "gpt2", {"pre_tokenizer": byte_level(use_regex=True)}
    yield "strip", {"added_tokens": [
        end, added(n + 1, "<l>", lstrip=True), added(n + 2, "<r>",
                                                     rstrip=True),
        added(n + 3, "<lr>", lstrip=True, rstrip=True, special=True),
        added(n + 4, "<l>x")]}
    yield "normalized", {"added_tokens": [
        end, added(n + 1, "caf\u00e9", normalized=True),
        added(n + 2, "e\u0301e\u0301", normalized=True),
        added(n + 3, "e\u0301"), added(n + 4, " a ", lstrip=True,
                                       normalized=True)]}


def patched(base, patch):
    out = copy.deepcopy(base)
    for key, value in patch.items():
        if key == "model":
            out["model"].update(value)
        else:
            out[key] = value
    return out


def fixture(qwen_dir):
    path = HERE + "/tokenizer.json"
    base = json.load(open(path, encoding="utf-8"))
    tiny = Tokenizer.from_file(path)
    qwen = Tokenizer.from_file(qwen_dir + "/tokenizer.json")
    with open(HERE + "/tokens.jsonl", "w") as f:
        texts = list(strings(1, 400, MARKS, (1, 2, 3, 5, 8, 13)))
        texts += ["", "\0", "\ufeff", "\u00c5\u212b\u0041\u030a", "\U00011938",
                  "\U00011935\U00011930", "a\u0315\u0300\u05ae\u0062",
                  "\u1100\u1161\u11a8", "\uac00\u11a8", " " * 1000,
                  "x" * 1000, "<|endoftext|" * 3, "\u0958\u0340\u1fef"]
        for i, text in enumerate(texts):
            row = {"text": text, "specials": bool(i % 2)}
            row["tiny"] = ids(tiny, text, i % 2)
            row["qwen2"] = ids(qwen, text, i % 2)
            f.write(json.dumps(row, separators=(",", ":")) + "\n")
    with open(HERE + "/variants.jsonl", "w") as f:
        for name, patch in variants(base):
            tok = Tokenizer.from_str(json.dumps(patched(base, patch)))
            words = MARKS[:1] + ["<l>", " <l> ", " <r>\t\n", "<lr> ", "<l>x",
                                 "caf\u00e9", "cafe\u0301", "e\u0301e\u0301",
                                 "\u00e9\u00e9", "e\u0301", " a ", "12345 ",
                                 "The coins", "HowMany's", "x/y\n/"]
            cases = [[t, i % 2, ids(tok, t, i % 2)] for i, t in enumerate(
                strings(2, 60, words, (2, 3, 5, 8)))]
            f.write(json.dumps({"name": name, "patch": patch,
                                "cases": cases}, separators=(",", ":"))
                    + "\n")
    print(f"tokenizers {tokenizers.__version__}: {len(texts)} strings")


def run(args, rows):
    exe = os.environ.get("BIN", "bin") + "/tokenize"
    text = "".join(json.dumps(r) + "\n" for r in rows)
    out = subprocess.run([exe, *args, "--json"], input=text.encode(),
                         stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def compare(path, n, seed):
    tok = Tokenizer.from_file(path)
    marks = [t.content for t in tok.get_added_tokens_decoder().values()]
    texts = [t for t in strings(seed, n, marks) if t]
    rows = [{"id": str(i), "prompt": t} for i, t in enumerate(texts)]
    differ = decode_differ = n_tokens = 0
    for specials in (0, 1):
        flag = ["--specials"] if specials else []
        got = run(["--tokenizer", path, *flag], rows)
        back = run(["--tokenizer", path, "--decode", "--specials", "--text",
                    "prompt_tokens", "--as", "back"], got)
        assert len(got) == len(back) == len(rows)
        for g, b in zip(got, back):
            want = ids(tok, g["prompt"], specials)
            n_tokens += len(want)
            if g["prompt_tokens"] != want:
                differ += 1
                print("ids differ:", specials, ascii(g["prompt"][:100]))
            if b["back"] != tok.decode(want, skip_special_tokens=False):
                decode_differ += 1
                print("text differs:", ascii(g["prompt"][:100]))
    print(f"tokenizers {tokenizers.__version__}, seed {seed}: {len(texts)} "
          f"strings, each with and without special tokens, {n_tokens} tokens: "
          f"{differ} differ in ids, {decode_differ} in decoded text")
    return differ or decode_differ


if sys.argv[1] == "fixture":
    fixture(sys.argv[2])
else:
    sys.exit(bool(compare(sys.argv[2], int(sys.argv[3]),
                          int(sys.argv[4]) if len(sys.argv) > 4 else 1)))
