# divergence: norms of three checkpoints, by python3 beside it; the first
# difference of rollouts written by hand
set -u
. tests/lib.sh divergence
D=$BIN/divergence
for s in 1 2 3; do
    "$BIN/pretrain" --quiet --steps 0 --tokenizer data/tokenizer/tiny --hidden 16 --layers 1 --heads 2 --kv-heads 1 \
        --ffn 24 --max-pos 32 --seed $s -o "$T/m$s" || no "model $s" failed
done
cat >"$T/norms.py" <<'P'
import array, json, math, sys
def values(path):
    with open(path + "/model.safetensors", "rb") as f:
        n = int.from_bytes(f.read(8), "little")
        head = json.loads(f.read(n))
        data = f.read()
    out = {}
    for name, t in head.items():
        if name != "__metadata__":
            assert t["dtype"] == "F32"
            a, b = t["data_offsets"]
            out[name] = array.array("f", data[a:b])
    return out
base, one, other = map(values, sys.argv[1:4])
apart = math.fsum((y - x) ** 2 for k in one for x, y in zip(one[k], other[k])) ** 0.5
update = math.fsum((x - z) ** 2 for k in one for x, z in zip(one[k], base[k])) ** 0.5
got = json.loads(sys.stdin.read())
assert got["weights"] == sum(map(len, one.values())), got
for name, want in ("apart", apart), ("update", update), ("divergence", apart / update):
    assert math.isclose(got[name], want, rel_tol=1e-12), (name, got[name], want)
P
"$D" --json "$T/m1" "$T/m2" "$T/m3" >"$T/record" 2>"$T/err"
check norms python3 "$T/norms.py" "$T/m1" "$T/m2" "$T/m3" <"$T/record"
is the_same_run '{"weights":N,"apart":0.0,"update":U,"divergence":0.0,"step":7}' \
    "$("$D" --json --step 7 "$T/m1" "$T/m2" "$T/m2" | sed 's/"weights":[0-9]*/"weights":N/; s/"update":[0-9.]*/"update":U/')"
is no_update_no_ratio '"update":0.0' "$("$D" --json "$T/m1" "$T/m1" "$T/m2" | sed 's/}$//; s/.*,//')"

# STEP ID SAMPLE TOKENS
rows() { while read -r step id sample tokens; do
    echo "{\"id\":\"$id\",\"step\":$step,\"sample\":$sample,\"response_tokens\":[$tokens]}"
done; }
rows >"$T/a.jsonl" <<'R'
0 p 0 5,6,7
0 p 1 5,6
1 q 0 1,2,3
1 q 1 4,5
R
first() { # the fields of the rollouts
    "$D" --json --rollouts "$T/a.jsonl" --against "$1" "$T/m1" "$T/m2" "$T/m3" 2>"$T/err" |
        grep -oE '"(same_responses|first_[a-z]+)":[0-9]+' | tr -d '"' | xargs
}
is no_difference 'same_responses:4' "$(first "$T/a.jsonl")"
sed 's/\[4,5\]/[4,9]/' "$T/a.jsonl" >"$T/b.jsonl"
is a_token 'same_responses:3 first_step:1 first_response:1 first_token:1' "$(first "$T/b.jsonl")"
sed 's/\[5,6\]/[5,6,7]/' "$T/a.jsonl" >"$T/b.jsonl"
is a_longer_response 'same_responses:1 first_step:0 first_response:1 first_token:2' "$(first "$T/b.jsonl")"
sed 's/"q"/"r"/' "$T/a.jsonl" >"$T/b.jsonl"
is another_prompt 'same_responses:2 first_step:1 first_response:0' "$(first "$T/b.jsonl")"
head -n 3 "$T/a.jsonl" >"$T/b.jsonl"
is a_stream_that_ends 'same_responses:3 first_step:1 first_response:1' "$(first "$T/b.jsonl")"

fails one_stream_of_rollouts 2 'go together' "$D" --rollouts "$T/a.jsonl" "$T/m1" "$T/m2" "$T/m3"
echo '{"id":"p","sample":0}' >"$T/b.jsonl"
fails no_tokens 3 'response_tokens is missing' "$D" --rollouts "$T/a.jsonl" --against "$T/b.jsonl" "$T/m1" "$T/m2" "$T/m3"
fails no_checkpoint 1 'No such file' "$D" "$T/m1" "$T/m2" "$T/none"
"$BIN/pretrain" --quiet --steps 0 --tokenizer data/tokenizer/tiny --hidden 32 --layers 1 --heads 2 --kv-heads 1 --ffn 24 --max-pos 32 -o "$T/wide"
fails other_shapes 3 "$T/wide" "$D" "$T/m1" "$T/m2" "$T/wide"
cp -r "$T/m3" "$T/nan" && rm -f "$T/nan/digests.json"
python3 - "$T/nan/model.safetensors" <<'P'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(-4, 2)
    f.write(b"\x00\x00\xc0\x7f")
P
fails a_nan 3 'not finite' "$D" "$T/m1" "$T/m2" "$T/nan"

# The report: two draws of two seeds, medians and means by hand.
for row in '1 2 0.1 1 8 3' '1 4 0.3 2 0 1' '2 2 0.2' '2 4 0.5 3 5 7'; do
    set -- $row
    first=${4:+,\"first_step\":$4,\"first_response\":$5,\"first_token\":$6}
    echo "{\"arm\":\"x\",\"seed\":$1,\"draw\":1,\"step\":$2,\"apart\":1,\"divergence\":$3,\"same_responses\":4$first}"
done >"$T/d.jsonl"
for s in 1 2; do echo "{\"arm\":\"x\",\"seed\":$s,\"task\":\"t\",\"j\":0.5}"; done >>"$T/d.jsonl"
"$BIN/stats" --quiet --report "$T/report" "$T/d.jsonl" 2>"$T/err"
table() { tail -n +2 "$T/report/tables/$1.tsv" | tr '\t' ' ' | paste -sd';'; }
is weights_over_steps 'x 2 2 0.15 0.1 0.2;x 4 2 0.4 0.3 0.5' "$(table divergence)"
# seed 1 parts at step 1, token 3; seed 2 at step 3, token 7
is first_steps_and_tokens 'x 2 2 1 2 5' "$(table divergence_rollouts)"
check a_section_of_its_own grep -q '^How fast noise draws part$' "$T/report/summary.txt"
grep -v '"apart"' "$T/d.jsonl" >"$T/none.jsonl"
"$BIN/stats" --quiet --report "$T/report" "$T/none.jsonl" 2>"$T/err"
is not_without_draws 0 "$(grep -c 'noise draws part' "$T/report/summary.txt")"
