"""make_tiny.py - train the small byte-level BPE of the default preset

usage: python3 data/tokenizer/make_tiny.py CORPUS.jsonl OUTDIR [--vocab 512]

Reads the fields `prompt` and `response` of JSON lines and writes
OUTDIR/tokenizer.json and tokenizer_config.json in the form of Qwen2's: NFC,
Qwen2's split pattern (so that each digit is a token of its own), ByteLevel.
The 256 byte tokens come first, then one token per merge, then <|endoftext|>.
Fewer merges are made where no pair occurs twice. The same corpus gives the
same bytes: ties go to the pair that is smaller as bytes.

Only the Python standard library is used.
"""
import argparse
import collections
import json
import os
import re

PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?"
           r"[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# the same in the words of Python's re, which has no \p{..}
SPLIT = re.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?:[^\r\n\w]|_)?[^\W\d_]+|\d"
    r"| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
END = "<|endoftext|>"


def alphabet():
    """GPT-2's printable character for each byte."""
    out, extra = {}, 0
    for b in range(256):
        if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255:
            out[b] = chr(b)
        else:
            out[b] = chr(256 + extra)
            extra += 1
    return out


def words(path):
    count = collections.Counter()
    with open(path, encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            text = row.get("prompt", "") + row.get("response", "")
            count.update(SPLIT.findall(text))
    return [([bytes([b]) for b in w.encode()], n)
            for w, n in sorted(count.items())]


def train(corpus, n_merges):
    merges, tokens = [], {bytes([b]) for b in range(256)}
    while len(merges) < n_merges:
        pairs = collections.Counter()
        for word, n in corpus:
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        # one token can be spelt by two pairs; a second merge would not give
        # the vocabulary a new entry
        pairs = {p: n for p, n in pairs.items()
                 if n > 1 and p[0] + p[1] not in tokens}
        if not pairs:
            break
        a, b = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append((a, b))
        tokens.add(a + b)
        for word, _ in corpus:
            i = 0
            while i + 1 < len(word):
                if word[i] == a and word[i + 1] == b:
                    word[i:i + 2] = [a + b]
                i += 1
    return merges


def special(id_):
    return {"id": id_, "content": END, "single_word": False, "lstrip": False,
            "rstrip": False, "normalized": False, "special": True}


def byte_level():
    return {"type": "ByteLevel", "add_prefix_space": False,
            "trim_offsets": False, "use_regex": False}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("corpus")
    ap.add_argument("outdir")
    ap.add_argument("--vocab", type=int, default=512)
    args = ap.parse_args()
    char = alphabet()
    merges = train(words(args.corpus), args.vocab - 257)
    spell = ["".join(char[b] for b in a) + " " + "".join(char[c] for c in b_)
             for a, b_ in merges]
    vocab = {char[b]: b for b in range(256)}
    for m in spell:
        vocab[m.replace(" ", "")] = len(vocab)
    end = len(vocab)
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [special(end)],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": PATTERN},
             "behavior": "Isolated", "invert": False}, byte_level()]},
        "post_processor": byte_level(), "decoder": byte_level(),
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": "", "end_of_word_suffix": "",
                  "fuse_unk": False, "byte_fallback": False,
                  "vocab": vocab, "merges": spell}}
    config = {
        "added_tokens_decoder": {str(end): {
            k: v for k, v in special(end).items() if k != "id"}},
        "bos_token": None, "clean_up_tokenization_spaces": False,
        "eos_token": END, "model_max_length": 1024, "pad_token": END,
        "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": None}
    os.makedirs(args.outdir, exist_ok=True)
    for name, value in (("tokenizer.json", tokenizer),
                        ("tokenizer_config.json", config)):
        with open(os.path.join(args.outdir, name), "w",
                  encoding="utf-8") as f:
            json.dump(value, f, ensure_ascii=False, indent=1)
            f.write("\n")
    print(f"{end + 1} tokens: 256 bytes, {len(merges)} merges, {END}")


main()
