# out_of_memory: an allocation that fails anywhere, in ours or in a library, ends
# every program with status 1, one line that says so, and nothing half-written;
# or, where the library goes on without it, with the same output
#
# POINTS: how many allocations of each program fail, one run each (default 8)
set -u
. tests/lib.sh out_of_memory
root=$PWD POINTS=${POINTS:-8}
if [ "${SAN:-0}" = 1 ]; then echo 'skip out_of_memory: a sanitizer brings its own malloc'; exit 0; fi
cd "$T"
${CC:-gcc} -O1 -shared -fPIC -o lib.so "$root/tests/fault/no_memory.c" 2>cc.txt ||
    { echo "skip out_of_memory: $(head -n 1 cc.txt)"; exit 0; }

for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done >corpus.jsonl
"$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 1 --heads 2 --kv-heads 1 \
    --ffn 24 --max-pos 64 --steps 2 --batch 4 --threads 1 -o base corpus.jsonl || no base failed
for i in $(seq 20); do echo "{\"id\":\"$i\",\"task\":\"t$((i % 3))\",\"prompt\":\"Compute 1+$i.\",\"answer\":\"$((1 + i))\",\"verifier\":\"math\"}"; done >rows.jsonl
# another pattern than the built-in ones goes through PCRE2
mkdir regex
sed 's/"Regex": *"[^"]*"/"Regex": "[a-z]+|[0-9]|[^a-z0-9]+"/' "$root/data/tokenizer/tiny/tokenizer.json" >regex/tokenizer.json
"$BIN/tokenize" --quiet --tokenizer base -o tokens.zst rows.jsonl || no tokens failed
"$BIN/rollout" --quiet --model base --samples 4 --max-new 8 --threads 1 tokens.zst |
    "$BIN/tokenize" --quiet --decode --tokenizer base | "$BIN/reward" --quiet -o judged.zst || no judged failed
"$BIN/dapo-step" --quiet --threads 1 --model base --prompts 20 --samples 4 --mini-batch 20 --no-dynamic --steps 1 --out ckpt -o m.zst judged.zst || no ckpt failed
"$BIN/rollout" --quiet --model ckpt --samples 4 --max-new 8 --threads 1 tokens.zst |
    "$BIN/tokenize" --quiet --decode --tokenizer base | "$BIN/reward" --quiet -o second.zst
"$BIN/logprob" --quiet --threads 1 --model ckpt --as policy --against base --as-against base judged.zst -o scored.zst || no scored failed
gzip -k rows.jsonl

run() { # PROGRAM: writes out, or stdout
    case $1 in
    tokenize) "$BIN/tokenize" --quiet --tokenizer base -o out.zst rows.jsonl ;;
    tokenize_regex) "$BIN/tokenize" --quiet --tokenizer regex -o out.zst rows.jsonl.gz ;;
    decode) "$BIN/tokenize" --quiet --decode --tokenizer base -o out.zst judged.zst ;;
    draw) "$BIN/draw" --quiet --count 50 -o out.zst tokens.zst ;;
    rollout) "$BIN/rollout" --quiet --model base --samples 2 --max-new 4 --threads 2 -o out.zst tokens.zst ;;
    reward) "$BIN/reward" --quiet -o out.zst judged.zst ;;
    dapo-step) "$BIN/dapo-step" --quiet --threads 2 --model ckpt --prompts 20 --samples 4 --mini-batch 20 --no-dynamic --until 2 --out out -o out.m.zst second.zst ;;
    logprob) "$BIN/logprob" --quiet --threads 2 --model ckpt --as policy --against base --as-against base judged.zst -o out.zst ;;
    kl) "$BIN/kl" --quiet scored.zst -o out.zst ;;
    sparsity) "$BIN/sparsity" --threads 2 base ckpt -o out.zst ;;
    stats) "$BIN/stats" --table --by task correct reward 'len(response_tokens)' < judged.zst ;;
    score) "$BIN/stats" --quiet --score -o out.zst judged.zst ;;
    show) "$BIN/show" --json judged.zst ;;
    fields) "$BIN/show" --fields judged.zst ;;
    pretrain) "$BIN/pretrain" --quiet --tokenizer base --hidden 16 --layers 1 --heads 2 --kv-heads 1 --ffn 24 --max-pos 64 --steps 2 --batch 4 --threads 2 -o out corpus.jsonl ;;
    prepare) "$BIN/prepare" --sample gsm8k -n 50 --seed 1 -o out.jsonl ;;
    checksum) "$BIN/checksum" base ckpt judged.zst ;;
    esac
}
digest() { { cat stdout; find out* -type f 2>/dev/null | LC_ALL=C sort | xargs -r cat; } | cksum; }
points() { # COUNT: the first ones, and others spread over all
    awk -v n="$1" -v points="$POINTS" 'BEGIN { srand(7); for (i = 1; i <= points; i++)
        print i <= points / 4 ? 1 + int(i * i / 2) : 1 + int(rand() * n) }' | sort -nu | awk -v n="$1" '$1 <= n'
}
check() { # PROGRAM
    local want count bad='' n rc runs=0
    # its runtime registers kernels before main, and does not survive it
    if grep -q libcuda.so "$BIN/$1" 2>/dev/null; then
        echo "skip out_of_memory_$1: linked with the CUDA runtime"
        return
    fi
    rm -rf out* stdout
    NO_MEMORY_COUNT=$PWD/count LD_PRELOAD=$PWD/lib.so run "$1" >stdout 2>err.txt || { no "$1" "$(cat err.txt)"; return; }
    want=$(digest) count=$(cat count)
    for n in $(points "$count" | sed 's/.*/& &+/'); do
        rm -rf out* stdout
        rc=0 runs=$((runs + 1))
        NO_MEMORY=$n LD_PRELOAD=$PWD/lib.so run "$1" >stdout 2>err.txt || rc=$?
        if [ $rc = 0 ] && [ "$(digest)" = "$want" ]; then continue; fi
        # shellcheck disable=SC2010 # names of our own
        [ $rc = 1 ] && [ "$(wc -l <err.txt)" = 1 ] && [ -z "$(ls -d out* 2>/dev/null | grep -v '\.tmp$')" ] &&
            grep -qE "^[a-z-]+: .*(out of memory|Cannot allocate memory)" err.txt || bad="$bad [$n: exit $rc, $(head -c 150 err.txt | tr '\n' ';') $(ls -d out* 2>/dev/null | tr '\n' ' ')]"
    done
    [ -z "$bad" ] && ok "$1" || no "$1" "of $count: $bad"
    echo "note out_of_memory_$1: $runs of $count allocations" >&2
}
export BIN
for p in ${ONLY:-tokenize tokenize_regex decode draw rollout reward dapo-step logprob kl sparsity stats score show fields pretrain prepare checksum}; do check $p; done

# under a bound on the address space zstd's decoder finds no room for a window
head -c 30000000 /dev/zero | zstd -q --ultra -22 --long=27 >big.zst 2>/dev/null && {
    (ulimit -v 120000; "$BIN/show" --count big.zst) >stdout 2>err.txt; rc=$?
    [ $rc = 1 ] && grep -q 'big.zst: out of memory' err.txt && ok zstd_window || no zstd_window "exit $rc: $(cat err.txt)"
} || echo 'skip out_of_memory_zstd_window: no zstd program'
