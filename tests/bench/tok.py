"""tok.py - tests/bench/tok.c beside Hugging Face tokenizers and tiktoken

usage: python3 tests/bench/tok.py build/gcc/bench/tok DIR TEXT...

One thread each, CPU time, best of some passes, each text as one string and
line by line. tiktoken gets the ranks and the pattern of DIR/tokenizer.json.
"""
import json
import os
import re
import subprocess
import sys
import time
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
import tiktoken  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402


def ranks(d):
    char, extra = {}, 0
    for b in range(256):
        if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255:
            char[chr(b)] = b
        else:
            char[chr(256 + extra)] = b
            extra += 1
    return {bytes(char[c] for c in k): v
            for k, v in d["model"]["vocab"].items()}


def rate(fn, n_bytes):
    best = 1e9
    for _ in range(3 if n_bytes < 1e7 else 1):
        began = time.process_time()
        fn()
        best = min(best, time.process_time() - began)
    return n_bytes / best / 1e6


def main():
    exe, path, texts = sys.argv[1], sys.argv[2], sys.argv[3:]
    file = path + "/tokenizer.json"
    hf = Tokenizer.from_file(file)
    d = json.load(open(file))
    pattern = d["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"]
    tt = tiktoken.Encoding("t", pat_str=pattern, mergeable_ranks=ranks(d),
                           special_tokens={})
    for text in texts:
        s = open(text, encoding="utf-8", newline="").read()
        n, lines = len(s.encode()), re.findall(r"[^\n]*\n|[^\n]+", s)
        ours = subprocess.run([exe, path, text], stdout=subprocess.PIPE,
                              text=True, check=True).stdout
        print(ours.splitlines()[0])
        for i, (how, parts) in enumerate((("whole", [s]), ("lines", lines))):
            me = re.search(r"encode ([\d.]+) MB/s cold, ([\d.]+) best",
                           ours.splitlines()[1 + i])
            a = rate(lambda: [hf.encode(x, add_special_tokens=False)
                              for x in parts], n)
            b = rate(lambda: [tt.encode_ordinary(x) for x in parts], n)
            cold, best = float(me[1]), float(me[2])
            print(f"{text} {how}, MB/s: ours {cold:.1f} cold, {best:.1f}; "
                  f"tokenizers {a:.2f}; tiktoken {b:.2f}; ratio "
                  f"{cold / a:.1f} and {cold / b:.1f} cold, {best / a:.1f} "
                  f"and {best / b:.1f}")


main()
