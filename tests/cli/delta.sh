#!/bin/bash
# delta - checkpoints kept as differences: chains, every reader, what is
# missing, what is damaged
set -u
. tests/lib.sh delta
root=$PWD
cd "$T" || exit 1
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done |
    "$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 2 --heads 2 --kv-heads 1 --ffn 24 \
        --max-pos 32 --batch 4 --warmup 0 --threads 1 --steps 1 -o base
awk -v SEED=1 -v STEPS=3 -v P=4 -v N=4 -f "$root/tests/golden/train/rollouts.awk" >r.jsonl
grep '"step":1,' r.jsonl >later.jsonl
run() { # ARM: checkpoints ARM/1 to ARM/3, each after a step more
    local i
    mkdir "$1"
    for i in 1 2 3; do
        "$BIN/dapo-step" --quiet --off-policy --prompts 4 --mini-batch 4 --samples 4 --model base -o /dev/null --threads 1 \
            --arm "$1" --lr 1e-4 --steps "$i" --out "$1/$i" r.jsonl || no train "$1 $i"
    done
}
run bf16; run fp32
cp -r bf16 fp32 base "$(mkdir -p kept && echo kept)"
size() { stat -c %s "$1"; }
D=$BIN/delta

for arm in bf16 fp32; do
    check "${arm}_make" "$D" $arm/1 $arm/2
    check "${arm}_make_second" "$D" --drop-optimizer $arm/2 $arm/3
    gives "${arm}_files" "$(cd $arm && echo 1/model.* 2/model.* 2/opt*)" '1/model.delta 2/model.delta 2/opt*'
    for i in 1 2; do # the same bytes from every reader
        "$BIN/sparsity" --json base $arm/$i >a; "$BIN/sparsity" --json base kept/$arm/$i >b
        check "${arm}_sparsity_$i" cmp a b
        echo '{"id":"1","prompt_tokens":[1,7,3],"response_tokens":[4,5]}' >one.jsonl
        "$BIN/logprob" --quiet --device cpu --threads 1 --json --model $arm/$i --as x one.jsonl >a
        "$BIN/logprob" --quiet --device cpu --threads 1 --json --model kept/$arm/$i --as x one.jsonl >b
        check "${arm}_logprob_$i" cmp a b
    done
    for part in drift delta; do # whole matrices, by two threads
        "$BIN/spectrum" --quiet --json --threads 2 --top 2 --only $part $arm/1 $arm/2 >a
        "$BIN/spectrum" --quiet --json --threads 2 --top 2 --only $part kept/$arm/1 kept/$arm/2 >b
        check "${arm}_spectrum_$part" cmp a b
    done
    for how in --consecutive --overlap; do
        "$BIN/sparsity" --json --threads 2 $how $arm/1 $arm/2 $arm/2 $arm/3 >a
        "$BIN/sparsity" --json --threads 2 $how kept/$arm/1 kept/$arm/2 kept/$arm/2 kept/$arm/3 >b
        check "${arm}_sparsity_${how#--}" cmp a b
    done
    "$BIN/sparsity" --json --against $arm/2 base $arm/1 >a; "$BIN/sparsity" --json --against kept/$arm/2 base kept/$arm/1 >b
    check "${arm}_sparsity_against" cmp a b
    # a run goes on from a link whose optimizer was kept
    for d in $arm kept/$arm; do
        "$BIN/dapo-step" --quiet --off-policy --prompts 4 --mini-batch 4 --samples 4 --model $d/1 -o /dev/null --threads 1 \
            --arm $arm --lr 1e-4 --steps 1 --out "$d-on" later.jsonl || no "${arm}_resume" "$d"
    done
    check "${arm}_resume" cmp $arm-on/model.safetensors kept/$arm-on/model.safetensors
done
check bf16_checksum "$BIN/checksum" bf16/1 bf16/3
fails optimizer_gone 3 optimizer.safetensors "$BIN/checksum" bf16/2
cp kept/bf16/1/model.safetensors bf16/1 # delta was stopped before it removed them
check both_are_there "$BIN/checksum" bf16/1
rm bf16/1/model.safetensors
touch bf16/1/other.delta
fails other_delta 3 "other.delta: not listed" "$BIN/checksum" bf16/1
rm bf16/1/other.delta
check pruned "$BIN/checksum" --pruned bf16/1 bf16/2 bf16/3

# The tree may move; a link may not.
mv bf16 moved && "$BIN/sparsity" --json base moved/1 >a && "$BIN/sparsity" --json base kept/bf16/1 >b
check tree_moved cmp a b
mv moved bf16
mv bf16/2 gone
fails missing_link 3 "bf16/1/model.delta: its successor is missing: bf16/1/../2 has neither" "$BIN/sparsity" base bf16/1
fails missing_link_checksum 3 "its successor is missing" "$BIN/checksum" bf16/1
mv gone bf16/2
mv bf16/3/model.safetensors gone
fails missing_end 3 "2/model.delta: its successor is missing" "$BIN/sparsity" base bf16/1
cp fp32/3/model.safetensors bf16/3/
fails another_end 3 "2/model.delta needs" "$BIN/sparsity" base bf16/1
mv gone bf16/3/model.safetensors

# A flipped bit, wherever it is: refused, and the file named.
bad=0
flip() { # FILE AT: bit 4 of a byte
    local v
    v=$(od -An -tu1 -j "$2" -N1 "$1")
    printf "\\x$(printf %02x $((v ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
n=$(size bf16/2/model.delta)
for at in 0 5 13 20 60 150 $((n / 2)) $((n - 40)) $((n - 3)); do
    flip bf16/2/model.delta $at
    "$BIN/sparsity" base bf16/1 >/dev/null 2>err
    [ $? = 3 ] && [ "$(wc -l <err)" = 1 ] && grep -q '2/model.delta' err || { bad=1; echo "$at: $(cat err)" >&2; }
    flip bf16/2/model.delta $at
done
gives flipped_bits $bad 0
flip bf16/3/model.safetensors 5000
fails flipped_end 3 3/model.safetensors "$BIN/sparsity" base bf16/1
flip bf16/3/model.safetensors 5000
flip bf16/3/model.safetensors 34 # in a word of the header that nothing reads
fails flipped_head 3 3/model.safetensors "$BIN/sparsity" base bf16/1
flip bf16/3/model.safetensors 34
# nor does a reader that takes a tensor at a time
n_end=$(size bf16/3/model.safetensors)
for at in $((n_end / 2)) $((n_end - 1)); do # the second: the sign or exponent of a value
    flip bf16/3/model.safetensors "$at"
    fails "flipped_end_in_pieces_$at" 3 "3/model.safetensors: damaged" "$BIN/logprob" --quiet --device cpu --threads 1 --model bf16/1 --as x one.jsonl
    flip bf16/3/model.safetensors "$at"
done
flip bf16/2/model.delta $((n / 2))
fails flipped_link_in_pieces 3 2/model.delta "$BIN/logprob" --quiet --device cpu --threads 1 --model bf16/1 --as x one.jsonl
flip bf16/2/model.delta $((n / 2))
flip bf16/2/model.delta $((n / 2))
for what in "spectrum --quiet --only drift kept/bf16/1" "sparsity --consecutive kept/bf16/1"; do
    read -ra words <<<"$what"
    fails "flipped_link_${words[0]}" 3 2/model.delta "$BIN/${words[0]}" "${words[@]:1}" bf16/1
done
flip bf16/2/model.delta $((n / 2))
flip bf16/3/model.safetensors $((n_end / 2))
for what in "spectrum --quiet --only drift kept/bf16/1" "sparsity --consecutive kept/bf16/1" "delta bf16/1"; do
    read -ra words <<<"$what"
    [ "${words[0]}" = delta ] && cp kept/bf16/1/model.safetensors bf16/1 && mv bf16/1/model.delta aside
    fails "flipped_end_${words[0]}" 3 "3/model.safetensors: damaged" "$BIN/${words[0]}" "${words[@]:1}" bf16/$((${#words[@]} > 2 ? 1 : 2))
done
rm bf16/1/model.safetensors && mv aside bf16/1/model.delta
fails flipped_end_expand 3 "3/model.safetensors: damaged" "$D" --expand bf16/1
gives nothing_half_expanded "$(cd bf16/1 && echo model.*)" model.delta
flip bf16/3/model.safetensors $((n_end / 2))
cp bf16/2/model.delta whole
printf 1 | dd of=bf16/2/model.delta bs=1 seek=10 conv=notrunc 2>/dev/null
fails other_version 3 "2/model.delta: a delta of another version than 4" "$BIN/sparsity" base bf16/1
mv whole bf16/2/model.delta
for cut in 0 10 100 $((n - 1)); do
    cp bf16/2/model.delta whole
    head -c "$cut" whole >bf16/2/model.delta
    "$BIN/sparsity" base bf16/1 >/dev/null 2>err; gives "cut_$cut" $? 3
    mv whole bf16/2/model.delta
done

# What would lose weights is refused, and leaves them.
fails cycle 3 "itself" "$D" bf16/3 bf16/1
fails own_successor 2 "its own successor" "$D" bf16/3 bf16/3
fails other_type 3 "other tensors, types or shapes" "$D" bf16/3 fp32/3
fails no_weights 1 "model.safetensors" "$D" bf16/1 bf16/3
fails one_argument 2 "expected DIR" "$D" bf16/3
fails nowhere 1 nowhere "$D" bf16/3 nowhere
check nothing_lost cmp bf16/3/model.safetensors kept/bf16/3/model.safetensors
gives nothing_left "$(echo bf16/3/*delta*)" "bf16/3/*delta*"

check expand "$D" --expand bf16/1 bf16/2
for i in 1 2; do check "expanded_$i" cmp bf16/$i/model.safetensors kept/bf16/$i/model.safetensors; done
fails expand_twice 1 model.delta "$D" --expand bf16/1
# a plain model directory, without a list of digests; fp16
python3 - <<'P'
import json, os, random, struct
rng = random.Random(2)
w = [rng.getrandbits(16) for _ in range(4099)]
for d in "xy":
    os.makedirs("half/" + d)
    head = json.dumps({"a": {"dtype": "F16", "shape": [4099], "data_offsets": [0, 8198]}}).encode()
    open("half/%s/model.safetensors" % d, "wb").write(struct.pack("<Q", len(head)) + head + struct.pack("<4099H", *w))
    for i in range(0, 4099, 3):
        w[i] = rng.getrandbits(16)
P
cp half/x/model.safetensors was
check half_make "$D" half/x half/y
check half_expand "$D" --expand half/x
check half_bytes cmp half/x/model.safetensors was

# a chain of so many links that the names of all together are none for the system
python3 - <<'P'
import json, os, struct
for i in range(45):
    d = "long/%s-%d/checkpoint" % ("x" * 90, i)
    os.makedirs(d)
    head = json.dumps({"a": {"dtype": "F16", "shape": [100], "data_offsets": [0, 200]}}).encode()
    open(d + "/model.safetensors", "wb").write(struct.pack("<Q", len(head)) + head + struct.pack("<100H", *range(i, i + 100)))
P
x=long/$(printf 'x%.0s' $(seq 90))
cp "$x-0/checkpoint/model.safetensors" was
for i in $(seq 0 43); do "$D" "$x-$i/checkpoint" "$x-$((i + 1))/checkpoint" || no long_make "$i"; done
mv "$x-44/checkpoint/model.safetensors" gone
fails long_names 3 "$x-43/checkpoint/model.delta: its successor is missing" "$D" --expand "$x-0/checkpoint"
mv gone "$x-44/checkpoint/model.safetensors"
# one folder elsewhere, by a link, with what comes after it seen from there
mkdir -p elsewhere/deeper && mv "$x-20" elsewhere/deeper/ && ln -s "$PWD/elsewhere/deeper/${x#*/}-20" "$x-20"
ln -s "$PWD/$x-21" "elsewhere/deeper/${x#*/}-21"
check long_expand "$D" --expand "$x-0/checkpoint"
check long_bytes cmp "$x-0/checkpoint/model.safetensors" was

# a tied model's file that has the head once more, as what the embedding is
cat >tied.py <<'P'
import json, os, struct, sys
for i in "12":
    src, dst = "kept/bf16/" + i, "tied/" + i
    data = open(src + "/model.safetensors", "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    head, body = json.loads(data[8:8 + n]), data[8 + n:]
    a, b = head["model.embed_tokens.weight"]["data_offsets"]
    head["lm_head.weight"] = dict(head["model.embed_tokens.weight"], data_offsets=[len(body), len(body) + b - a])
    body += body[a:b]
    if i == "1" and len(sys.argv) > 1:
        body = body[:-1] + bytes([body[-1] ^ 1])
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(dst, exist_ok=True)
    open(dst + "/model.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + body)
    open(dst + "/config.json", "w").write(open(src + "/config.json").read())
P
lp() { "$BIN/logprob" --quiet --device cpu --threads 1 --json --model "$1" --as x one.jsonl; }
python3 tied.py
lp tied/1 >b
check tied_make "$D" tied/1 tied/2
lp tied/1 >a
check tied_logprob cmp a b
rm -r tied; python3 tied.py differs
check tied_differs_make "$D" tied/1 tied/2
fails tied_differs 3 "lm_head.weight differs" lp tied/1

# weights in shards: each has its own delta, to the successor's of that name
for i in 1 2 3; do python3 "$root/tests/shard.py" kept/bf16/$i shards/$i; done
"$BIN/checksum" --accept shards/2 >/dev/null # with a list of digests; 1 and 3 are without
cp -r shards whole
check shards_make "$D" shards/1 shards/2
check shards_make_second "$D" shards/2 shards/3
gives shards_files "$(cd shards/1 && echo model*)" \
    'model-00001-of-00003.delta model-00002-of-00003.delta model-00003-of-00003.delta model.safetensors.index.json'
for i in 1 2; do
    "$BIN/sparsity" --json base shards/$i >a; "$BIN/sparsity" --json base kept/bf16/$i >b
    check "shards_sparsity_$i" cmp a b
    "$BIN/logprob" --quiet --device cpu --threads 1 --json --model shards/$i --as x one.jsonl >a
    "$BIN/logprob" --quiet --device cpu --threads 1 --json --model whole/$i --as x one.jsonl >b
    check "shards_logprob_$i" cmp a b
done
check shards_checksum "$BIN/checksum" shards/2
mv shards/3/model-00002-of-00003.safetensors gone
fails shards_missing_link 3 '2/model-00002-of-00003.delta: its successor is missing' "$BIN/sparsity" base shards/1
mv gone shards/3/model-00002-of-00003.safetensors
flip shards/2/model-00003-of-00003.delta 300
fails shards_flipped 3 '2/model-00003-of-00003.delta' "$BIN/sparsity" base shards/1
flip shards/2/model-00003-of-00003.delta 300
check shards_expand "$D" --expand shards/1 shards/2
check shards_same diff -r shards whole
# of several files one does not go together: no file has changed
cp shards/3/model-00003-of-00003.safetensors kept3
cp kept/fp32/3/model.safetensors shards/3/model-00003-of-00003.safetensors
fails shards_all_or_none 3 "other tensors, types or shapes" "$D" shards/2 shards/3
check shards_untouched diff -r shards/2 whole/2
cp kept3 shards/3/model-00003-of-00003.safetensors
fails shards_to_one_file 1 model-00001-of-00003 "$D" shards/2 kept/bf16/3
check shards_still_untouched diff -r shards/2 whole/2
