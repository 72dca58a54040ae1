# dag_stubs.bash - stand-ins for the programs, so that the DAG can be tested in
# milliseconds a stage: what a stand-in writes is a digest of its options and of
# all that it reads. Sourced by tests/e2e/dag*.sh with T set.
# shellcheck disable=SC2034 # small, status, labels are for who sources this
. tests/lib.sh
stub_programs=$(cd bin && for f in *.c; do echo "${f%.c}"; done)
mkdir -p "$T/bin" "$T/path"
cat >"$T/stub" <<'S'
#!/bin/bash
# SALT
name=${0##*/} out='' keep='' dir='' words=("$0") reads=()
[ "$name" != delta ] || { mv "$2/model.safetensors" "$2/model.delta" && rm "$2/optimizer.safetensors"; exit; }
while [ $# -gt 0 ]; do
    case $1 in
    -o) out=$2; shift ;;
    --keep) keep=$2; shift ;;
    --out | --report) dir=$2; shift ;;
    --html) [ -s "$2/summary.txt" ] && echo html >"$2/report.html"; exit ;;
    --plan) case $* in *nosuch*) echo "$name: unknown factor nosuch" >&2; exit 2 ;; esac; [ -z "$STUB_PLAN" ] || cat "$STUB_PLAN"; exit 0 ;;
    --sync | --responses | --live) shift ;;
    --threads) shift ;;
    *) words+=("$1"); [ ! -e "$1" ] || reads+=("$1") ;;
    esac
    shift
done
[ ! -e "$STUB_FAIL" ] || ! grep -qx "$name" "$STUB_FAIL" || { echo "$name: stdin: record 3: broken" >&2; exit 3; }
[ -z "$STUB_SLEEP" ] || sleep "$STUB_SLEEP"
if [ -n "$STUB_GATE" ] && [ "$name" = rollout ]; then # a stage on a device says so, and waits for its gate
    echo "begin $$ ${CUDA_VISIBLE_DEVICES:-none}" >>"$STUB_GATE/log"
    until [ -e "$STUB_GATE/open" ] || [ -e "$STUB_GATE/$$" ]; do sleep 0.05; done
    echo "end $$ ${CUDA_VISIBLE_DEVICES:-none}" >>"$STUB_GATE/log"
fi
# what was read, and in its last line the tasks of all token files that rollout read
got=$(cat) tasks=$(sed -n 's/^tasks //p' <<<"$got" | tail -n 1)
[ "$name" != rollout ] || for r in "${reads[@]}"; do case $r in *.tokens.*) r=${r##*/} tasks+=" ${r%%.*}" ;; esac; done
x=$({ grep '^# SALT' "$0"; echo "${words[@]:1}"; echo "$got"; for r in "${reads[@]}"; do find "$r" -type f | LC_ALL=C sort | xargs cat; done; } | sha256sum)
put() {
    local t
    case $1 in *{}*) for t in $tasks; do put "${1/\{\}/$t}"; done; return ;; esac
    mkdir -p "$(dirname "$1")"
    echo "$name ${1##*/} $x" >"$1"
}
case $name in
pretrain) for f in config.json tokenizer.json model.safetensors; do put "$out/$f"; done ;;
dapo-step)
    for f in config.json tokenizer.json model.safetensors optimizer.safetensors; do put "$dir/$f"; done
    printf '"arm": "fp32,x=%s",\n"beta1": 0.9,\n' "${x%% *}" >"$dir/trainer_state.json"
    put "$keep"; put "$out" ;;
stats) if [ -n "$dir" ]; then put "$dir/summary.txt"; put "$dir/report.in.html"; put "$dir/tables/j.tsv"; else put "$out"; fi ;;
*) if [ -n "$out" ]; then put "$out"; else echo "$name $x"; echo "tasks $tasks"; fi ;;
esac
S
program() { # NAME [SALT]: its stand-in; another salt, other results
    sed "s/^# SALT.*/# SALT $1 ${2:-}/" "$T/stub" >"$T/bin/$1.new"
    chmod +x "$T/bin/$1.new"
    mv "$T/bin/$1.new" "$T/bin/$1"
}
for p in $stub_programs; do program "$p"; old="${old:-} -o $T/bin/$p"; done
printf '#!/bin/sh\n' >"$T/path/gnuplot"
chmod +x "$T/path/gnuplot"
export PATH=$T/path:$PATH STUB_FAIL=$T/fail STUB_SLEEP='' STUB_GATE='' STUB_PLAN=''
cat >"$T/tasks.json" <<'S'
{"tasks": [
  {"name": "dm_val", "role": "on", "verifier": "math", "questions": 8, "samples": 2, "temperature": 0.7, "top_p": 0.8, "max_new": 40},
  {"name": "gsm8k", "role": "off", "verifier": "math", "questions": 8, "samples": 2, "temperature": 0.7, "top_p": 0.8, "max_new": 40}
]}
S
mkdir -p "$T/tok"
echo '{}' >"$T/tok/tokenizer.json"
goal=analysis/summary.txt # of refused, unless a test names another
small=(PRESET=smoke TASKS_FILE="$T/tasks.json" TOKENIZER="$T/tok" ARMS=fp32 SEEDS=1)
dag_make() { # ARGS...: make with the stand-ins, on no machine's device
    # shellcheck disable=SC2086
    env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES timeout ${DAG_LIMIT:-120} make -j${DAG_JOBS:-2} $old BIN="$T/bin" B="$T/none" \
        CUDA=0 MPI=0 DEVICE=cpu "$@" </dev/null >"$T/out" 2>"$T/err"
    status=$?
    labels=$(stages_ran)
}
verdict() { # NAME STATUS WHY
    if [ "$2" = 0 ]; then echo "ok dag_$1"; else echo "not ok dag_$1: $(tr '\n' ';' <<<"$3" | cut -c1-600)"; fi
}
bytes() { # DIR: digests of all that make made there, but for its state
    (cd "$1" && find . -type f ! -path './.make/*' | LC_ALL=C sort | xargs sha256sum)
}
refused() { # NAME PATTERN ARGS...: one line says it, exit 2, and nothing is begun for $goal
    local name=$1 pattern=$2
    shift 2
    dag_make R="$T/none" "${small[@]}" "$@" "$T/none/$goal"
    if [ "$status" = 2 ] && [ "$(grep -cv '^make: \*\*\* \[' "$T/err")" = 1 ] && grep -Eq "$pattern" "$T/err" && [ ! -e "$T/none/data" ]; then
        ok "refuses_$name"
    else
        no "refuses_$name" "exit $status: $(head -c 300 "$T/err")"
    fi
}
