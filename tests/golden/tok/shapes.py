"""shapes.py - small tokenizers in the shapes of well-known ones

usage: python3 tests/golden/tok/shapes.py train [SHAPE...]
           writes tests/golden/tok/SHAPE.json and SHAPE.jsonl: a tokenizer.json
           of some hundred tokens, and hard strings with their ids
       python3 tests/golden/tok/shapes.py compare N [SEED [SHAPE...]]
           N random strings through both, bin/tokenize ($BIN/tokenize)

The pre-tokenizer, post-processor, added tokens and options of a shape are
those of the tokenizer that it is named for; vocabulary and merges are trained
here. A row of SHAPE.jsonl is [text, specials parsed, ids]; the ids have what
the post-processor puts before a text.
"""
import json
import os
import subprocess
import sys
import tempfile
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import processors
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "text")]
from corpus import corpus  # noqa: E402
from hard import strings  # noqa: E402

END = r"|\s+(?!\S)|\s+"
SUFFIX = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"


def cl100k(numbers):
    return (SUFFIX + r"|[^\r\n\p{L}\p{N}]?\p{L}+|" + numbers
            + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+" + END)


def o200k(suffix, numbers):
    upper, lower = (r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]",
                    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]")
    lead = r"[^\r\n\p{L}\p{N}]?"
    return (lead + upper + "*" + lower + "+" + suffix + "|" + lead + upper
            + "+" + lower + "*" + suffix + "|" + numbers
            + r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+" + END)


DEEPSEEK = [r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"
            "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
            r"|\s*[\r\n]+" + END]
CODER = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+",
         "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"]


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(regex=False, prefix=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


def begin(token, tok):
    return processors.TemplateProcessing(
        single=f"{token}:0 $A:0", pair=f"{token}:0 $A:0 {token}:1 $B:1",
        special_tokens=[(token, tok.token_to_id(token))])


def plain(*texts, **flags):
    return [AddedToken(t, normalized=False, **flags) for t in texts]


FLAGS = [AddedToken(f"<{l:d}{r:d}{w:d}{n:d}{s:d}>", lstrip=l, rstrip=r,
                    single_word=w, normalized=n, special=s)
         for l in (False, True) for r in (False, True) for w in (False, True)
         for n in (False, True) for s in (False, True)] + [
    AddedToken("word", single_word=True, normalized=False, special=False),
    AddedToken("caf\u00e9", normalized=True, special=True),
    AddedToken("e\u0301e\u0301", normalized=True, special=False),
    AddedToken(" a ", lstrip=True, rstrip=True, special=True,
               normalized=True)]

# name: pre-tokenizers, added tokens, and what else there is
SHAPES = {
    "llama3": dict(
        pre=[split(cl100k(r"\p{N}{1,3}")), byte_level()], ignore_merges=True,
        added=plain("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>",
                    "<|start_header_id|>", "<|end_header_id|>", "PAD",
                    special=True), begin="<|begin_of_text|>"),
    "smollm2": dict(
        pre=[pre_tokenizers.Digits(individual_digits=True),
             byte_level(regex=True)], lacks=True, unk="<|endoftext|>",
        first=plain("<|endoftext|>", "<|im_start|>", "<|im_end|>",
                    "<repo_name>", special=True)),
    "qwen3": dict(
        pre=[split(cl100k(r"\p{N}")), byte_level()], nfc=True,
        added=plain("<|endoftext|>", "<|im_start|>", "<|im_end|>",
                    special=True) + plain("<think>", "</think>",
                                          "<tool_call>", special=False)),
    "deepseek": dict(
        pre=[split(p) for p in DEEPSEEK] + [byte_level()], sequence=True,
        first=plain("<\uff5cbegin\u2581of\u2581sentence\uff5c>",
                    "<\uff5cend\u2581of\u2581sentence\uff5c>", special=True),
        added=plain("<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>", "<think>",
                    special=False),
        begin="<\uff5cbegin\u2581of\u2581sentence\uff5c>"),
    "deepseek-coder": dict(
        pre=[pre_tokenizers.Sequence([split(p) for p in CODER]),
             pre_tokenizers.Digits(individual_digits=True), byte_level()],
        sequence=True, added=plain("<\uff5cfim\u2581hole\uff5c>",
                                   special=False) + plain("<|EOT|>",
                                                          special=True)),
    "gpt2": dict(pre=[byte_level(regex=True)],
                 added=plain("<|endoftext|>", special=True), padding=True),
    "gpt2-prefix": dict(
        pre=[pre_tokenizers.Digits(individual_digits=False),
             byte_level(regex=True, prefix=True)], lacks=True, unk="<unk>",
        fuse=True, first=plain("<unk>", special=True)),
    "tekken": dict(
        pre=[split(o200k("", r"\p{N}")), byte_level()],
        first=plain("<unk>", "<s>", "</s>", "[INST]", "[/INST]",
                    special=True), begin="<s>"),
    "o200k": dict(
        pre=[split(o200k(SUFFIX + "?", r"\p{N}{1,3}")), byte_level()],
        added=plain("<|start|>", "<|message|>", "<|end|>", special=True)),
    "phi4": dict(
        pre=[split(cl100k(r"\p{N}{1,3}"), "removed", True), byte_level()],
        added=plain("<|im_start|>", "<|im_sep|>", lstrip=True, rstrip=True,
                    special=True)),
    "behaviors": dict(
        pre=[split(r"\p{Lu}", "merged_with_next"),
             split(r"[.,;:!?]", "merged_with_previous"),
             split(r"[\s]", "contiguous"), split("q", "removed"),
             pre_tokenizers.Split("ab", "isolated"),
             pre_tokenizers.Split("*+", "removed"),
             split(r"[\p{L}\p{M}]+", "contiguous", True),
             byte_level(prefix=True)], lacks=True,
        added=plain("<|x|>", special=True)),
    "flags": dict(pre=[split(cl100k(r"\p{N}")), byte_level()], nfc=True,
                  added=FLAGS),
}


def train(name):
    s = SHAPES[name]
    tok = Tokenizer(models.BPE(unk_token=s.get("unk"),
                               fuse_unk=s.get("fuse", False),
                               ignore_merges=s.get("ignore_merges", False)))
    tok.pre_tokenizer = (s["pre"][0] if len(s["pre"]) == 1
                         else pre_tokenizers.Sequence(s["pre"]))
    if s.get("nfc"):
        tok.normalizer = normalizers.NFC()
    elif s.get("sequence"):
        tok.normalizer = normalizers.Sequence([])
    tok.decoder = decoders.ByteLevel()
    if name == "deepseek-coder":
        tok.decoder = decoders.Sequence([tok.decoder])
    alphabet = [] if s.get("lacks") else pre_tokenizers.ByteLevel.alphabet()
    tok.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=600, min_frequency=3, show_progress=False,
        initial_alphabet=sorted(alphabet), special_tokens=s.get("first", [])))
    for token in s.get("added", []):
        (tok.add_special_tokens if token.special else tok.add_tokens)([token])
    level = processors.ByteLevel(trim_offsets=False)
    tok.post_processor = level
    if "begin" in s:
        tok.post_processor = processors.Sequence([level, begin(s["begin"],
                                                               tok)])
    if s.get("padding"):
        tok.enable_padding(length=8)
        tok.enable_truncation(4)
    d = json.loads(tok.to_str())
    if s.get("lacks") and "unk" not in s:
        # what a vocabulary lacks vanishes: drop some letters too
        for c in "zJ~":
            d["model"]["vocab"].pop(c, None)
        d["model"]["merges"] = [
            m for m in d["model"]["merges"] if not set("zJ~") & set("".join(m))
            and "".join(m) in d["model"]["vocab"]]
    if name == "gpt2":
        d["model"]["merges"] = [" ".join(m) for m in d["model"]["merges"]]
    with open(f"{HERE}/{name}.json", "w", encoding="utf-8") as f:
        json.dump(d, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


def load(name):
    tok = Tokenizer.from_file(f"{HERE}/{name}.json")
    tok.no_padding()     # as transformers does
    tok.no_truncation()
    marks = [t.content for t in tok.get_added_tokens_decoder().values()]
    return tok, marks + ["word", " word ", "caf\u00e9", "e\u0301e\u0301",
                         "cafe\u0301", "PAD", "zJ", "ab", "*+", "qQ. ,"]


def wanted(tok, text, specials):
    """With what stands before a text, but never twice."""
    tok.encode_special_tokens = not specials
    bare = tok.encode(text, add_special_tokens=False).ids
    ids = tok.encode(text, add_special_tokens=True).ids
    n = len(ids) - len(bare)
    return ids[n:] if n and bare[:n] == ids[:n] else ids


def fixture(name):
    tok, marks = load(name)
    texts = [t for t in strings(7, 170, marks, (1, 2, 3, 5, 8, 12)) if t]
    r = list(corpus(3, 12)) + ["\0", "x" * 200, " " * 99, "\u0301A",
                               "A\u0301B", "AB\u0301c", "'\u017f"]
    with open(f"{HERE}/{name}.jsonl", "w") as f:
        for i, text in enumerate(texts + r):
            f.write(json.dumps([text, i % 2, wanted(tok, text, i % 2)],
                               separators=(",", ":")) + "\n")
    print(f"{name}: {tok.get_vocab_size()} tokens, {i + 1} strings")


def run(args, path):
    exe = os.environ.get("BIN", "bin") + "/tokenize"
    out = subprocess.run([exe, *args, "--json", "--quiet", path],
                         stdout=subprocess.PIPE, check=True).stdout
    return out.splitlines()


def compare(name, n, seed):
    tok, marks = load(name)
    texts = [t for t in strings(seed, n, marks) if t]
    file = f"{HERE}/{name}.json"
    differ = back_differ = n_tokens = 0
    with tempfile.TemporaryDirectory() as tmp:
        path = tmp + "/in"
        with open(path, "w") as f:
            for i, t in enumerate(texts):
                # a text of which nothing is left is a bad record: the last
                # character is always one that every vocabulary has
                f.write(json.dumps({"id": str(i), "prompt": t + "e"}) + "\n")
        for specials in (0, 1):
            flag = ["--specials"] if specials else []
            got = run(["--tokenizer", file, *flag], path)
            with open(tmp + "/ids", "wb") as f:
                f.write(b"\n".join(got) + b"\n")
            back = run(["--tokenizer", file, "--decode", "--specials",
                        "--text", "prompt_tokens", "--as", "back"],
                       tmp + "/ids")
            assert len(got) == len(back) == len(texts)
            for text, b in zip(texts, back):
                b = json.loads(b)
                want = wanted(tok, text + "e", specials)
                n_tokens += len(want)
                if b["prompt_tokens"] != want:
                    differ += 1
                    print("ids differ:", name, specials, ascii(text[:100]),
                          file=sys.stderr)
                if b["back"] != tok.decode(want, skip_special_tokens=False):
                    back_differ += 1
                    print("text differs:", name, ascii(text[:100]),
                          file=sys.stderr)
    print(f"{name}: {len(texts)} strings, each with and without special "
          f"tokens, {n_tokens} tokens: {differ} differ in ids, {back_differ} "
          f"in decoded text (tokenizers {tokenizers.__version__})", flush=True)
    return differ + back_differ


def main():
    if sys.argv[1] == "train":
        for name in sys.argv[2:] or SHAPES:
            train(name)
            fixture(name)
        return 0
    n, seed = int(sys.argv[2]), int((sys.argv[3:] or [1])[0])
    return bool(sum([compare(name, n, seed)
                     for name in sys.argv[4:] or SHAPES]))


sys.exit(main())
