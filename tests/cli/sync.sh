# dapo-step to rollout over the FIFO: what changed since the weights before, and
# with --sync-full all of them, to the same bytes of rollouts and checkpoints
set -u -o pipefail
. tests/lib.sh sync
root=$PWD
cd "$T"
. "$root/tests/cli/sums.bash"
P=4 N=4
mini=2 # groups in an update: with $P a step is one, and no copy of the weights before it is kept
opts() { echo --seed 5 --prompts $P --mini-batch $mini --samples $N --threads 2 --device cpu --quiet; }
loop() { # ARM OUT STEPS LR OPTIONS...
    local arm=$1 out=$2 steps=$3 lr=$4
    shift 4
    rm -f fifo; mkfifo fifo
    "$BIN/draw" --quiet --resume base --seed 5 --per-step $P tokens |
        "$BIN/rollout" --quiet --device cpu --model base --arm $arm --seed 5 --sync fifo --samples $N --temperature 1 --max-new 8 --threads 2 |
        "$BIN/tokenize" --quiet --decode --tokenizer base | "$BIN/reward" --quiet --max-len 8 |
        "$BIN/dapo-step" $(opts) --arm $arm --lr $lr --model base --sync fifo --steps $steps --keep "$out.zst" --out "$out" --json -o "$out.json" "$@"
}
field() { grep -o "\"$1\":[^,}]*" "$2" | cut -d: -f2 | tr '\n' ' '; }
but_sync() { sed -E 's/,"(sync_ratio|sync_changed|visible_fraction)":[^,}]*//g' "$1"; }

# --- the same bytes either way ---
files() { (cd base && sha256sum -- *); }
before=$(files)
bad=
for arm in fp32 bf16 bf16-mixed bf16-sr bf16-kahan fp16-mixed fp32,rollout=bf16-mixed bf16,rollout=fp32; do
    for lr in 1e-5 1e-2; do
        mini=$([ $lr = 1e-5 ] && echo $P || echo 2)
        rm -rf a b
        loop $arm a 3 $lr && loop $arm b 3 $lr --sync-full || bad="$bad $arm:fails"
        diff -r a b >/dev/null && cmp -s a.zst b.zst || bad="$bad $arm:$lr"
        [ "$(but_sync a.json)" = "$(but_sync b.json)" ] && [ "$(field sync_ratio b.json)" = '1.0 1.0 1.0 ' ] &&
            [ -z "$(field visible_fraction b.json)" ] || bad="$bad $arm:metrics"
        awk '{ exit !($1 == 1 && $2 < 1 && $3 < 1 && $2 > 0) }' <<<"$(field sync_ratio a.json)" || bad="$bad $arm:$lr:ratio:$(field sync_ratio a.json)"
        awk '{ for (i = 1; i <= 3; i++) if ($i < 0 || $i > 1) exit 1 }' <<<"$(field sync_changed a.json)" || bad="$bad $arm:changed"
        "$BIN/dapo-step" $(opts) --arm $arm --lr $lr --model base --steps 3 --out r --json -o r.json a.zst && cmp -s a.json r.json || bad="$bad $arm:replay"
    done
done
[ -z "$bad" ] && ok same_bytes_either_way || no same_bytes_either_way "$bad"
gives files_of_the_model_stay "$(files)" "$before"

# bf16 weights at a small rate: few move; the figures are those of the checkpoints
for mini in $P 2; do
    rm -rf small one
    loop bf16,order=canonical small 2 1e-5 && "$BIN/dapo-step" $(opts) --arm bf16,order=canonical --lr 1e-5 --model base --steps 1 --out one -o /dev/null small.zst ||
        no small_rate_$mini fails
    want=$("$BIN/sparsity" --consecutive --totals --json base one small | grep '"total"' | grep -o '"visible":[^,]*' | cut -d: -f2 | tr '\n' ' ')
    gives visible_is_what_sparsity_finds_$mini "$(field visible_fraction small.json)" "$want"
    gives changed_is_that_too_$mini "$(field sync_changed small.json)" "$want"
done
awk '{ exit !($2 < 0.2) }' <<<"$(field sync_ratio small.json)" && ok few_changes_are_few_bytes || no few_changes_are_few_bytes "$(field sync_ratio small.json)"

# --- what is on the FIFO, and a sampler that reads it ---
record() { # OUT OPTIONS...: the messages of the 3 steps of kept rollouts
    local out=$1
    shift
    rm -f fifo; mkfifo fifo
    cat fifo >"$out" & pid=$!
    "$BIN/dapo-step" $(opts) --arm bf16 --lr 1e-5 --model base --sync fifo --steps 3 --out x -o x.metrics --json "$@" live.zst
    wait $pid
}
loop bf16 live 3 1e-5
record sent && record all --sync-full
full=$(wc -c <all) n=$("$BIN/sparsity" --json base live | tail -n 1 | grep -o '"n":[0-9]*' | cut -d: -f2)
# three times all weights; or once, and what the ratios say; the rest are heads
ratios=$(field sync_ratio live.json)
awk -v sent="$(wc -c <sent)" -v full="$full" -v w=$((2 * n)) '{ for (i = 1; i <= 3; i++) bytes += $i * w
    if (!(full - 3 * w > 0 && full - 3 * w < 1200 && sent - bytes > 0 && sent - bytes < 1200)) { print full, sent, bytes, w; exit 1 } }' <<<"$ratios" >err &&
    ok the_ratio_is_that_of_the_bytes || no the_ratio_is_that_of_the_bytes "$(cat err)"
listen() { # MESSAGES: a sampler that is told these
    rm -f fifo; mkfifo fifo
    cat "$1" >fifo & pid=$!
    "$BIN/draw" --quiet --resume base --seed 5 --per-step $P tokens 2>/dev/null |
        "$BIN/rollout" --quiet --device cpu --model base --arm bf16 --seed 5 --sync fifo --samples $N --temperature 1 --max-new 8 --threads 2 --json 2>err >heard
    rc=${PIPESTATUS[1]}
    wait $pid
}
policies() { grep -o '"policy":"[^"]*"' | uniq; }
listen sent
[ $rc = 0 ] && [ "$(policies <heard)" = "$("$BIN/show" --json live.zst | policies)" ] && [ "$(policies <heard | wc -l)" = 3 ] && ok a_sampler_has_each_steps_weights ||
    no a_sampler_has_each_steps_weights "exit $rc: $(cat err) $(policies <heard)"
refused() { # NAME TEXT
    listen bad
    if [ $rc = 3 ] && grep -qE "^rollout: .*$2" err; then ok "$1"; else no "$1" "exit $rc: $(cat err)"; fi
}
cat >edit.py <<'P'
import sys
how, data = sys.argv[1], open("sent", "rb").read()
first = data.index(b"\x84\xa4type\xa7changes")
after = data.index(b"\x83\xa4type\xa2go", first)
begin = data.index(b"\x84\xa4type\xa7weights")
end = data.index(b"\x83\xa4type\xa2go", begin)
if how == "restarted":      # all weights went to another
    data = data[:begin] + data[end:]
elif how == "skipped":      # the changes of a step never came
    data = data[:first] + data[after:]
elif how == "truncated":
    data = data[:first + (after - first) // 2]
elif how == "flipped":      # a byte of the changes
    at = first + 100 + (after - first - 250) // 2
    data = data[:at] + bytes([data[at] ^ 16]) + data[at + 1:]
open("bad", "wb").write(data)
P
for how in restarted skipped truncated flipped; do
    python3 edit.py $how
    case $how in
    restarted) refused a_sampler_that_was_not_there 'changes to the weights of the digest [0-9a-f]{32}, the sampler has none from it' ;;
    skipped) refused changes_that_never_came 'changes to the weights of the digest [0-9a-f]{32}, the sampler has [0-9a-f]{32}' ;;
    truncated) refused truncated_changes 'went away without an end message' ;;
    flipped) refused a_flipped_byte '(damaged|not msgpack|checksum|digest)' ;;
    esac
done
