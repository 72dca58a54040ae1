# bits - the zero-noise arm: nothing but the inputs, the seeds and the arm
# decides a bit of rollouts, log-probabilities, checkpoints, optimizer state
#
# LONG=1 also builds with gcc and clang at -O1 and -O3 (minutes). UPDATE=1 writes
# the hashes anew and shows the difference.
set -u -o pipefail
. tests/golden/bits/run.bash
bad=
# same NAME A B: without a word if there is no difference
same() {
    diff -r "$2" "$3" >"$T/diff" 2>&1 || bad="$bad $1"
}
# verdict NAME: what same() found since the last one
verdict() {
    if [ -z "$bad" ]; then echo "ok $1"; else echo "not ok $1: differs:$bad"; fi
    bad=
}
rollout() { # OUT ARM OPTIONS...
    local out=$1 arm=$2
    shift 2
    "$BIN/rollout" --quiet --device cpu --model "$T/base" --seed 5 --arm "$arm" \
        --samples 3 --max-new 24 --threads 1 -o "$out" "$@" "$T/tokens"
}
score() { # OUT ARM OPTIONS...: of the rollouts $T/r.ARM, checked against them
    local out=$1 arm=$2
    shift 2
    "$BIN/logprob" --quiet --device cpu --model "$T/base" --seed 5 --arm "$arm" \
        --threads 1 --as me --against "$T/ck" --check-rollout -o "$out" "$@" \
        "$T/r.$arm" 2>"$T/gap"
}
train() { # OUT ARM OPTIONS...: two steps on the kept rollouts
    local out=$1 arm=$2
    shift 2
    "$BIN/dapo-step" --quiet --device cpu --model "$T/base" --arm "$arm" $step \
        --off-policy --steps 2 --threads 1 --json -o "$out.metrics" \
        --out "$out" "$@" "$T/ck.zst"
}

base "$T/base" && tokens && loop "$T/base" "$T/ck" 2 fp32 "" "" ||
    echo "not ok the_run: failed"
hashes base ck >"$T/sums"
if [ "${UPDATE:-0}" = 1 ]; then
    diff $golden/smoke.sha256 "$T/sums" >&2
    cp "$T/sums" $golden/smoke.sha256
fi
if cmp -s "$T/sums" $golden/smoke.sha256; then
    echo "ok this_machine_gives_the_published_hashes"
else
    echo "not ok this_machine_gives_the_published_hashes:" \
        "$(diff $golden/smoke.sha256 "$T/sums" | grep '>' | tr '\n' ' ')"
fi

arms="fp32 bf16 bf16-weights bf16-mixed bf16-sr bf16-kahan fp16-mixed"
for a in $arms; do
    rollout "$T/r.$a" "$a"
    score "$T/l.$a" "$a" && grep -q 'largest gap 0$' "$T/gap" || bad="$bad $a"
done
verdict sampler_and_scorer_agree_in_every_arm
for a in fp32 bf16; do for bt in 1/2 7/3 64/1 7/2 64/3; do
    rollout "$T/x" $a --batch ${bt%/*} --threads ${bt#*/}
    same "$a,batch/threads=$bt" "$T/r.$a" "$T/x"
done; done
verdict rollouts_ignore_batch_and_threads
for a in fp32 bf16; do for mt in 1/2 100000/3; do
    score "$T/x" $a --micro-batch ${mt%/*} --batch 7 --threads ${mt#*/} ||
        bad="$bad $a,failed"
    same "$a,micro/threads=$mt" "$T/l.$a" "$T/x"
done; done
verdict logprobs_ignore_micro_batch_and_threads
for mt in 1/2 100000/3; do
    base "$T/base2" --micro-batch ${mt%/*} --threads ${mt#*/}
    same "micro/threads=$mt" "$T/base" "$T/base2"
done
verdict pretraining_ignores_micro_batch_and_threads
for a in $arms; do
    train "$T/t.$a" $a
    for mt in 1/1 1/2 100000/3; do
        # sums over the rows of a call are what `shuffled` permutes, and what
        # bf16 gradients round
        case $a in bf16 | bf16-weights) mt=4096/${mt#*/} ;; esac
        train "$T/x2" $a --micro-batch ${mt%/*} --threads ${mt#*/}
        same "$a,micro/threads=$mt" "$T/t.$a" "$T/x2"
    done
done
verdict training_ignores_micro_batch_and_threads
diff -r "$T/ck" "$T/t.fp32" >/dev/null || bad=" replay"
verdict replay_is_the_live_run

for a in fp32 bf16; do
    loop "$T/base" "$T/whole" 4 $a "" ""
    loop "$T/base" "$T/c1" 1 $a "--batch 7" "--threads 2"
    for i in 1 2 3; do
        loop "$T/c$i" "$T/c$((i + 1))" 1 $a "--threads 3" "" || bad="$bad failed"
    done
    same "$a" "$T/whole" "$T/c4"
done
verdict chunks_of_one_step_and_of_four

isas=
case $(uname -m) in x86_64)
    # without fused instructions it is an emulation: slow in a debug build
    [ "${SAN:-0}" = 0 ] && isas=x86-64
    grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo &&
        isas="$isas x86-64-v3"
    grep -qw avx512vl /proc/cpuinfo && grep -qw avx512dq /proc/cpuinfo &&
        isas="$isas x86-64-v4" ;;
esac
# again WHAT: the whole run once more, against the files above
again() {
    local a
    rm -rf "$T/base2"
    base "$T/base2"
    same "$1,pretrain" "$T/base" "$T/base2"
    for a in fp32 bf16 bf16-sr; do
        rm -rf "$T/x" "$T/x2" "$T/x3"
        rollout "$T/x" $a
        same "$1,$a,rollout" "$T/r.$a" "$T/x"
        score "$T/x3" $a
        same "$1,$a,logprob" "$T/l.$a" "$T/x3"
        train "$T/x2" $a
        same "$1,$a,training" "$T/t.$a" "$T/x2"
    done
}
for isa in $isas; do
    export ULP_ISA=$isa
    again "$isa"
done
unset ULP_ISA
if [ -n "$isas" ]; then
    verdict "instruction_sets_${isas// /_}"
else
    echo "skip instruction_sets: not x86-64"
fi

if [ "${LONG:-0}" != 1 ]; then
    echo "skip compilers: LONG=1 builds with gcc and clang, -O1 and -O3"
    exit 0
fi
for cc in gcc clang; do for opt in -O1 -O3; do
    command -v $cc >/dev/null || { echo "skip compiled_by_$cc$opt: no $cc"; continue; }
    programs=(pretrain rollout logprob dapo-step)
    if env -u MAKEFLAGS -u MAKELEVEL make -j2 CC=$cc OPT=$opt B="$T/b$cc$opt" \
        BIN="$T/$cc$opt" "${programs[@]/#/$T/$cc$opt/}" >"$T/make" 2>&1; then
        BIN=$T/$cc$opt again "$cc$opt"
        # without fused instructions: an emulation, slow where not optimised
        [ $opt = -O1 ] || [ -z "$isas" ] ||
            ULP_ISA=x86-64 BIN=$T/$cc$opt again "$cc$opt,x86-64"
    else
        bad=" does not build: $(grep -m 1 error "$T/make")"
    fi
    verdict "compiled_by_$cc$opt"
done; done
