"""tok_shapes.py - tests/bench/tok.c beside Hugging Face tokenizers, by shape

usage: python3 tests/bench/tok_shapes.py build/gcc/bench/tok DIR TEXT [ROUNDS]

Each shape of tests/golden/tok gets the vocabulary and merges of
DIR/tokenizer.json (a real one: of some hundred tokens nearly all time would
be merging). One thread each, CPU time, rounds that alternate; TEXT line by
line and as one string. What is printed is the median ratio of the rounds, to
our first pass over the text (its cache empty) and to our best one.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer  # noqa: E402
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                      "golden", "tok")
SHAPES = ["llama3", "smollm2", "qwen3", "deepseek", "deepseek-coder", "gpt2",
          "tekken", "o200k"]


def dressed(real, shape):
    """The real vocabulary in another tokenizer's shape."""
    d = json.load(open(f"{GOLDEN}/{shape}.json", encoding="utf-8"))
    model = {**d["model"], "vocab": real["model"]["vocab"],
             "merges": real["model"]["merges"], "unk_token": None}
    return {**d, "model": model, "added_tokens": real["added_tokens"],
            "post_processor": None, "padding": None, "truncation": None}


def library(tok, parts):
    began = time.process_time()
    for x in parts:
        tok.encode(x, add_special_tokens=False)
    return time.process_time() - began


def main():
    exe, folder, path = sys.argv[1:4]
    rounds = int((sys.argv[4:] or [5])[0])
    real = json.load(open(folder + "/tokenizer.json", encoding="utf-8"))
    text = open(path, encoding="utf-8", newline="").read()
    n = len(text.encode()) / 1e6
    ways = [("whole", [text]), ("lines", re.findall(r"[^\n]*\n|[^\n]+",
                                                    text))]
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as tmp:
            with open(tmp + "/tokenizer.json", "w", encoding="utf-8") as f:
                json.dump(dressed(real, shape), f, ensure_ascii=False)
            tok = Tokenizer.from_file(tmp + "/tokenizer.json")
            cold, best, rate = ({"whole": [], "lines": []} for _ in range(3))
            for _ in range(rounds):
                said = subprocess.run([exe, tmp, path], check=True, text=True,
                                      stdout=subprocess.PIPE).stdout
                for i, (way, parts) in enumerate(ways):
                    me = re.search(r"encode ([\d.]+) MB/s cold, ([\d.]+) best",
                                   said.splitlines()[1 + i])
                    theirs = n / library(tok, parts)
                    cold[way].append(float(me[1]) / theirs)
                    best[way].append(float(me[2]) / theirs)
                    rate[way].append(float(me[2]))
            print(f"{shape}: " + "; ".join(
                f"{way} {statistics.median(cold[way]):.1f} times cold, "
                f"{statistics.median(best[way]):.1f} best "
                f"({statistics.median(rate[way]):.0f} MB/s)"
                for way, _ in ways), flush=True)


main()
