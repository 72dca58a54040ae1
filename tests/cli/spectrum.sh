#!/bin/bash
# spectrum - 200 matrices as numpy and scipy have them (tests/golden/spectrum),
# totals, threads, memory, and what is refused
set -u
. tests/lib.sh spectrum
golden=$PWD/tests/golden/spectrum
cd "$T"
sp() { "$BIN/spectrum" --quiet --json "$@"; }
python3 "$golden/pairs.py" .

sp --top 5 base run >s
gives as_numpy_and_scipy "$(python3 "$golden/check.py" "$golden/expected.jsonl" s 2>err)" \
    '3092 figures, 0 differ, 0 matrices without expectation'
# the test can fail: a drift or an angle that is off by more than is said
sed 's/"nss":\([0-9.]*[1-9]\)/"nss":1\1/' s >wrong
python3 "$golden/check.py" "$golden/expected.jsonl" wrong 2>err | grep -q ' 0 differ' &&
    no a_difference_is_seen "none was" || ok a_difference_is_seen
gives scopes "$(grep -o '"scope":"[a-z]*"' s | sort | uniq -c | awk '{ print $2 $1 }' | tr '\n' ' ')" \
    '"scope":"kind"9 "scope":"layer"29 "scope":"matrix"200 "scope":"total"1 '

# Totals: sums over the matrices, each matrix once.
cat >totals.py <<'P'
import json, math
recs = [json.loads(line) for line in open("s")]
m = [r for r in recs if r["scope"] == "matrix"]
bad = 0
for t in recs:
    if t["scope"] == "matrix":
        continue
    of = [r for r in m if all(r.get(f) == t[f] for f in ("kind", "layer") if f in t)]
    k = sum(r["k"] for r in of)
    want = {"n": sum(r["n"] for r in of), "n_matrices": len(of), "n_changed": sum(r.get("n_changed", 0) for r in of),
            "norm_delta": math.sqrt(sum(r["norm_delta"] ** 2 for r in of))}
    if k:
        want["angle_left_max"] = max(r.get("angle_left_max", 0) for r in of)
        want["angle_right_mean"] = sum(r.get("angle_right_mean", 0) * r["k"] for r in of) / k
    if want["n_changed"]:
        want["overlap_low"] = sum(r.get("overlap_low", 0) * r["n_changed"] for r in of) / want["n_changed"]
        want["overlap_low_chance"] = sum(r.get("overlap_low_chance", 0) * r["n_changed"] for r in of) / want["n_changed"]
    bad += sum(abs(t[f] - v) > 1e-12 * abs(v) for f, v in want.items())
print(bad)
P
gives totals_are_sums "$(python3 totals.py)" 0

# more than once: a BLAS without locks was wrong in one run of thirty
sp --top 5 -j 1 base run >one
differ=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
    sp --top 5 -j 7 base run >seven
    cmp -s one seven || differ=$((differ + 1))
done
gives threads_give_the_same_bytes "$differ runs differ" "0 runs differ"
sp --only drift base run | grep -c angle_left_max >n; gives parts_alone "$(cat n)" 0
sp --top 5 --only angles,drift base run | grep -o '"angle_left_max":[^,]*' >alone
grep -o '"angle_left_max":[^,]*' s >together
cmp -s alone together && ok parts_agree || no parts_agree "$(diff alone together | head -n 2)"
gives values "$(sp --only drift --values base run | grep -c '"values":\[')" 200
# small values are as exact as large ones whatever else is asked for; 1e-13: both
# round to about eps of the largest
python3 - "$golden" <<'P'
import random, sys
sys.path.insert(0, sys.argv[1])
import pairs
a = [[x * (r < 38 or 1e-8) for x in row] for r, row in enumerate(pairs.uniform(random.Random(9), 40, 50, 1))]
pairs.write("two_tiny_rows/base", [(pairs.name(0), a, "F32")])
pairs.write("two_tiny_rows/run", [(pairs.name(0), [[2 * x for x in row] for row in a], "F32")])
P
sp --only drift --values two_tiny_rows/base two_tiny_rows/run | grep '"values":' >alone
sp --values two_tiny_rows/base two_tiny_rows/run | grep '"values":' >together
cat >values.py <<'P'
import json
a, b = json.load(open("alone")), json.load(open("together"))
pairs = [(x, y, a[key][0]) for key in ("values_base", "values") for x, y in zip(a[key], b[key])]
print(len(pairs), sum(abs(x - y) > 1e-6 * x + 1e-13 * s1 for x, y, s1 in pairs))
P
gives small_values "$(python3 values.py)" '80 0'
gives no_update "$(sp base base | tail -n 1 | grep -o '"nss":[^,]*\|"angle_left_max":[^,]*\|"norm_delta":[^,}]*' | tr '\n' ' ')" \
    '"nss":0.0 "angle_left_max":0.0 "norm_delta":0.0 '

# Large matrices without a drift are not decomposed (lib/spectrum/leading.h): the
# angles are those of the whole decomposition within what both state, for a
# small update and a large one, in every shape; so are the masks.
python3 - "$golden" <<'P'
import random, sys
sys.path.insert(0, sys.argv[1])
import pairs
rng = random.Random(4)
base, run = [], []
for i, (rows, cols, step) in enumerate([(256, 300, 1e-5), (300, 256, 1e-3), (256, 256, 1e-1), (256, 600, 1e-6)]):
    a = pairs.uniform(rng, rows, cols, 1)
    for row in a:  # two values stand apart
        c, d = row[:2]
        for j in range(cols):
            row[j] += c * (j % 7 - 3) + d * (j % 3)
    base.append((pairs.name(i), a, "F32"))
    run.append((pairs.name(i), [[x + step * (2 * rng.random() - 1) for x in row] for row in a], "F32"))
pairs.write("large/base", base)
pairs.write("large/run", run)
P
sp --top 20 large/base large/run >whole
sp --top 20 --only angles,overlap -j 1 large/base large/run >fast
sp --top 20 --only angles,overlap -j 4 large/base large/run >four
sp --top 20 --only overlap large/base large/run >masks
cat >agree.py <<'P'
import json
def read(name):
    return [json.loads(line) for line in open(name) if '"scope":"matrix"' in line]
bad = off = 0
for w, f, m in zip(read("whole"), read("fast"), read("masks")):
    bound = w["angle_error"] + f["angle_error"]
    angles = [k for k in w if k.startswith("angle_") and k != "angle_error"]
    off += sum(w[k] != f[k] for k in angles)
    bad += sum(abs(w[k] - f[k]) > bound for k in angles) + (w["k"] != f["k"]) + (bound > 1e-5)
    for k in (k for k in w if k.startswith("overlap_")):  # a value at a mask's limit may cross it
        bad += (abs(w[k] - f[k]) > 1e-4) + (f[k] != m[k])
print(len(read("fast")), bad, off > 0)
P
gives large_matrices_without_decomposition "$(python3 agree.py)" '4 0 True'
cmp -s fast four && ok large_matrices_threads || no large_matrices_threads "other bytes"

# Memory: the peak of 40 matrices of 200 x 800 is what --plan says for one a
# thread, the mapped files (26 MB) and 64 MB for libraries and OpenBLAS. All of
# them in float64 would be 205 MB.
python3 - <<'P'
import json, os, random
rng = random.Random(1)
n = 200 * 800
mask = int.from_bytes(b"\xff\x81" * n, "little")  # bf16: signs, exponents near 1
top = int.from_bytes(b"\x00\x3c" * n, "little")
for d in "ab":
    os.makedirs(d, exist_ok=True)
    with open(d + "/model.safetensors", "wb") as f:
        head = json.dumps({"model.layers.%d.mlp.up_proj.weight" % i: {"dtype": "BF16", "shape": [200, 800],
                           "data_offsets": [2 * n * i, 2 * n * (i + 1)]} for i in range(40)}).encode()
        head += b" " * (-len(head) % 8)
        f.write(len(head).to_bytes(8, "little") + head)
        for i in range(40):
            f.write((rng.getrandbits(16 * n) & mask | top).to_bytes(2 * n, "little"))
P
gives plan "$(sp --plan -j 2 a b | sed 's/ [0-9]* bytes/ N bytes/; s/threads      [12],/threads      N,/' | tr '\n' ';')" \
    'matrices     40;weights      N bytes, mapped from both files;threads      N, a matrix each;memory       N bytes a thread at most;'
said=$(sp --plan -j 1 a b | sed -n 's/^memory *\([0-9]*\) .*/\1/p')
if [ "${SAN:-0}" = 0 ]; then
    python3 - "$BIN/spectrum" >peak <<'P'
import resource, subprocess, sys
subprocess.run([sys.argv[1], "--quiet", "-j", "1", "-o", "out", "a", "b"], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
P
    rm -f out
    [ "$(cat peak)" -lt $((said / 1024 + 26000 + 64000)) ] && ok memory_is_one_matrix ||
        no memory_is_one_matrix "$(cat peak) KB, plan says $said bytes"
    (ulimit -v 100000; exec timeout 20 "$BIN/spectrum" --quiet -j 1 -o out a b) 2>err
    gives out_of_memory "$? $(grep -c 'out of memory' err)" '1 1'
else
    echo "skip spectrum_memory_is_one_matrix: not under sanitizers"
fi

refused() { # NAME STATUS PATTERN ARGUMENTS...
    local name=$1 want=$2 rc
    shift 2
    "$BIN/spectrum" --quiet -o out "${@:2}" >/dev/null 2>err; rc=$?
    [ $rc = "$want" ] && [ "$(wc -l <err)" -le 2 ] && grep -q "$1" err && [ ! -e out ] && ok "$name" ||
        no "$name" "status $rc: $(head -c 200 err)"
}
refused no_such_file 1 nowhere base nowhere
refused no_such_part 2 "found 'twist'" --only twist base run
refused another_shape 3 'no tensor\|another shape' base a
mkdir nan
cp run/model.safetensors nan/
size=$(stat -c %s nan/model.safetensors)
printf '\xff\xff\xff\xff' | dd of=nan/model.safetensors bs=1 seek=$((size - 4)) conv=notrunc 2>/dev/null
refused nan 3 'lm_head.weight: a value is not finite' base nan
head -c 5000 run/model.safetensors >short.safetensors
refused truncated 3 short.safetensors base short.safetensors
