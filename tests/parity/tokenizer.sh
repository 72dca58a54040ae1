# tokenizer - the ids of Hugging Face tokenizers with the real Qwen2 files
#
# The vectors of ../shared, the hard strings of tests/golden/text, and the
# chat format; a tokenizer of 152,000 tokens opens in a fraction of a second.
Q=$SHARED/datasets/tokenizer/qwen2
if [ -z "$SHARED" ] || [ ! -f "$Q/tokenizer.json" ]; then
    echo "skip tokenizer_parity: no ../shared/datasets/tokenizer/qwen2"
    exit 0
fi

# FILE KEY SPECIALS: rows {"text", KEY: ids} against tokenize
compare() {
    python3 - "$1" "$2" "$3" "$T" <<'P'
import json, sys
path, key, specials, tmp = sys.argv[1:]
rows = [json.loads(l) for l in open(path)]
rows = [r for r in rows if r["text"] and
        r.get("specials", int(specials)) == bool(int(specials))]
with open(tmp + "/in", "w") as f:
    for i, r in enumerate(rows):
        f.write(json.dumps({"id": str(i), "prompt": r["text"],
                            "want": r[key]}) + "\n")
P
    local flag=
    [ "$3" = 1 ] && flag=--specials
    "$BIN/tokenize" --tokenizer "$Q" $flag --json "$T/in" >"$T/out" || return
    "$BIN/tokenize" --tokenizer "$Q" --decode --specials --text prompt_tokens \
        --as back --json "$T/out" >"$T/back" || return
    python3 - "$T/back" <<'P'
import json, sys, unicodedata
n = bad = 0
for line in open(sys.argv[1]):
    r = json.loads(line)
    n += 1
    if r["prompt_tokens"] != r["want"]:
        bad += 1
        print("ids differ:", ascii(r["prompt"][:80]), file=sys.stderr)
print(f"{n} strings, {bad} differ")
P
}
check() {
    case $2 in
        [1-9]*" 0 differ") echo "ok $1" ;;
        *) echo "not ok $1: $2" ;;
    esac
}

if ! command -v python3 >/dev/null; then
    echo "skip tokenizer_parity: no python3 to compare with"
    exit 0
fi
check vectors "$(compare "$Q/vectors.jsonl" ids 1)"
check vectors_nospecial "$(compare "$Q/vectors_nospecial.jsonl" ids 0)"
check hard_strings "$(compare tests/golden/text/tokens.jsonl qwen2 0)"
check hard_strings_specials "$(compare tests/golden/text/tokens.jsonl qwen2 1)"

# every text of the data decodes back (it is NFC but for a few strings)
python3 - "$SHARED/datasets/real" >"$T/real" <<'P'
import glob, json, sys, unicodedata
n = 0
for path in sorted(glob.glob(sys.argv[1] + "/*.jsonl")):
    for i, line in enumerate(open(path)):
        if i % 8:
            continue
        r = json.loads(line)
        for key in ("prompt", "test", "canonical_solution"):
            if r.get(key):
                n += 1
                print(json.dumps({"id": str(n), "prompt": r[key], "want":
                      unicodedata.normalize("NFC", r[key])}))
P
"$BIN/tokenize" --tokenizer "$Q" --json "$T/real" |
    "$BIN/tokenize" --tokenizer "$Q" --decode --text prompt_tokens --as back \
        --json >"$T/back"
check data_decodes_back "$(python3 - "$T/back" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
print(f"{len(rows)} strings, {sum(r['back'] != r['want'] for r in rows)} differ")
P
)"

chat=$(echo '{"id":"x","prompt":"1+1=<|im_end|>"}' |
    "$BIN/tokenize" --tokenizer "$Q" --template chat --json |
    "$BIN/tokenize" --tokenizer "$Q" --decode --specials \
        --text prompt_tokens --as back --json | grep -o '"back.*')
want='"back":"<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n<|im_start|>user\n1+1=<|im_end|><|im_end|>\n<|im_start|>assistant\n"}'
[ "$chat" = "$want" ] && echo "ok chat" || echo "not ok chat: $chat"
