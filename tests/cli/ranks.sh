# ranks - one program on many ranks: the same bytes, a filter still, and what is
# refused
set -u -o pipefail
root=$PWD M=$PWD/tests/golden/model/tied
. tests/lib.sh ranks
cd "$T" || exit 1
ROLL="$BIN/rollout --quiet --device cpu --threads 1 --model $M --samples 3 --max-new 24 --seed 4 --batch 8"
for i in $(seq 30); do echo "{\"id\":\"p$i\",\"answer\":\"$i\",\"prompt_tokens\":[$((i % 9 + 1)),7,$((i * 3 % 29 + 1))]}"; done >p.jsonl
roll() { timeout 60 $ROLL "$@"; }

roll -o want p.jsonl
for r in 1 2 3 5 8; do
    roll --ranks $r -o got p.jsonl 2>err && cmp -s want got || echo "$r ranks: $(head -c 200 err)" >>bad
done
gives rollout_same_bytes "$(cat bad 2>/dev/null)" ''
rm -f bad
for b in 1 64; do for n in 1 2 30; do
    head -n $n p.jsonl >few.jsonl
    roll --batch $b -o want.few few.jsonl; roll --batch $b --ranks 3 -o got few.jsonl && cmp -s want.few got || echo "batch $b, $n prompts" >>bad
done; done
gives few_prompts "$(cat bad 2>/dev/null)" ''
ULP_COMM_DELAY_US=3000 roll --ranks 3 -o got p.jsonl; is random_delays 0 "$(cmp want got 2>&1 | head -c 200; cmp -s want got; echo $?)"
roll --json p.jsonl >want.json
roll --json --ranks 3 <p.jsonl >got.json; check a_filter cmp want.json got.json
# the reader that leaves is no fault, and ends all; the output is more than a pipe holds
timeout 60 $ROLL --ranks 3 --json --max-new 100 --samples 100 <p.jsonl 2>err | head -c 300 >/dev/null
gives reader_that_leaves "${PIPESTATUS[0]} $(cat err)" '141 '
# prompts that come late
(head -n 1 p.jsonl; sleep 0.3; tail -n +2 p.jsonl) | roll --ranks 3 --json >got.json; check late_prompts cmp want.json got.json
mkfifo in
timeout 60 $ROLL --ranks 2 --json <in >live.json & pid=$!
exec 7>in; head -n 1 p.jsonl >&7
for _ in $(seq 200); do [ "$(wc -l <live.json)" = 3 ] && break; sleep 0.05; done
gives not_held_back "$(wc -l <live.json)" 3
exec 7>&-; wait $pid
: >empty
fails no_prompts 3 'no records' roll --ranks 3 empty
echo >blank
roll --allow-empty -o want.none blank 2>err.want; want=$?
roll --ranks 3 --allow-empty -o got.none blank 2>err; got=$?
is allow_empty "$want $(cat err.want; ls want.none 2>&1)" "$got $(cat err; ls got.none 2>&1 | sed 's/got/want/')"
fails launcher_alone 2 '--launcher needs --ranks' roll --launcher local p.jsonl
fails too_many 2 'the local launcher starts at most 64' roll --ranks 65 p.jsonl
fails no_model 1 "config.json" timeout 60 "$BIN/rollout" --ranks 3 --model nowhere p.jsonl
gives one_line "$(wc -l <err)" 1
(head -n 20 p.jsonl; echo '{"id":"x","prompt_tokens":[9999]}') >bad.jsonl
fails bad_record 3 "bad.jsonl: record 21: prompt_tokens: 9999" roll --ranks 3 -o half bad.jsonl
gives nothing_left_behind "$(wc -l <err) $(find . -name '*half*' | wc -l)" '1 0'
roll --ranks 3 --skip-bad 1 -o got bad.jsonl 2>err; roll --skip-bad 1 -o want.bad bad.jsonl 2>err.want
is skip_bad 0 "$(cmp want.bad got 2>&1; cmp -s err err.want; echo $?)"

# --- with a trainer: weights and changes of weights go to all ranks ---
. "$root/tests/cli/sums.bash"
loop() { # OUT TRAINER_OPTION ROLLOUT_OPTIONS...
    local out=$1 train=$2
    shift 2
    rm -rf fifo "$out"; mkfifo fifo
    "$BIN/draw" --quiet --resume base --seed 5 --per-step 6 tokens |
        timeout 60 "$BIN/rollout" --quiet --device cpu --model base --arm bf16-mixed --seed 5 --sync fifo --samples 4 --temperature 1 --max-new 8 --threads 1 "$@" |
        "$BIN/tokenize" --quiet --decode --tokenizer base | "$BIN/reward" --quiet --max-len 8 |
        timeout 60 "$BIN/dapo-step" --seed 5 --prompts 6 --mini-batch 2 --samples 4 --threads 1 --device cpu --quiet --arm bf16-mixed --lr 1e-3 \
            --model base --sync fifo --steps 3 --keep "$out.zst" --out "$out" --json -o "$out.json" "$train"
}
as_alone() { # RANKS TRAINER_OPTION ROLLOUT_OPTIONS...: nothing, or what is not as in one process
    local r=$1 train=$2 one=one$2
    shift 2
    [ -d "$one" ] || loop "$one" "$train" || echo "$train: no trainer: $?"
    loop many "$train" --ranks "$r" "$@" || echo "$r $train $*: $?"
    diff -r "$one" many >/dev/null && cmp -s "$one.zst" many.zst && cmp -s "$one.json" many.json || echo "$r $train $*: other bytes"
}
gives trainer_and_ranks "$(as_alone 2 --no-dynamic; as_alone 3 --no-dynamic --batch 2; as_alone 5 --no-dynamic --release
    as_alone 3 --sync-full --offload --batch 64)" ''

# --- MPI, both of Debian's, more ranks than processors ---
for mpi in openmpi mpich; do
    launch=$(mpi_launcher $mpi) || {
        echo "skip ranks_$mpi: no plug-in, or no mpirun.$mpi"
        continue
    }
    rm -f bad
    for r in 2 5; do
        roll --ranks $r --launcher "$launch -n $r" -o got p.jsonl 2>err && cmp -s want got || echo "$r ranks: $(head -c 300 err)" >>bad
    done
    ULP_COMM_DELAY_US=3000 roll --ranks 3 --launcher "$launch -n 3" --json <p.jsonl >got.json 2>err && cmp -s want.json got.json || echo "delays, standard input: $(head -c 300 err)" >>bad
    gives ${mpi}_same_bytes "$(cat bad 2>/dev/null)" ''
    timeout 60 $ROLL --ranks 3 --launcher "$launch -n 3" --json --max-new 100 --samples 100 <p.jsonl 2>err | head -c 300 >/dev/null
    gives ${mpi}_reader_that_leaves "${PIPESTATUS[0]} $(cat err)" '141 '
    fails ${mpi}_bad_record 3 'bad.jsonl: record 21: prompt_tokens: 9999' roll --ranks 3 --launcher "$launch -n 3" -o half bad.jsonl
    gives ${mpi}_nothing_left_behind "$(wc -l <err) $(find . -name '*half*' | wc -l)" '1 0'
    fails ${mpi}_another_number 2 '--ranks is 3, and the launcher has started 2' roll --ranks 3 --launcher "$launch -n 2" p.jsonl
    mkdir empty.$mpi; cp "$BIN/rollout" empty.$mpi
    BIN=$PWD/empty.$mpi fails ${mpi}_no_plug_in 2 "no plug-in for $mpi" timeout 60 empty.$mpi/rollout --model "$M" --ranks 2 --launcher "$launch -n 2" p.jsonl
    gives ${mpi}_trainer_and_ranks "$(as_alone 2 --no-dynamic --launcher "$launch -n 2"; as_alone 3 --no-dynamic --launcher "$launch -n 3" --batch 2)" ''
done
fails no_such_launcher 2 "--launcher 'nowhere -n 2': nowhere: No such file or directory" roll --ranks 2 --launcher 'nowhere -n 2' p.jsonl
fails launcher_that_ends 1 "the launcher 'sh -c \"exit 7\"' ended with status 7 and started none" roll --ranks 2 --launcher 'sh -c "exit 7"' p.jsonl
fails launcher_without_mpi 2 'neither Open MPI nor MPICH is there' roll --ranks 2 --launcher env p.jsonl

# --- logprob: the same bytes, the same report ---
N=$root/tests/golden/model/untied
score() { timeout 60 "$BIN/logprob" --quiet --device cpu --threads 1 --model "$M" --as me --against "$N" --as-against base --batch 8 "$@"; }
score --check-rollout -o scored want 2>err.want
rm -f bad
for r in 2 3 5; do
    score --check-rollout --ranks $r -o got want 2>err && cmp -s scored got && cmp -s err err.want || echo "$r ranks: $(head -c 300 err)" >>bad
done
ULP_COMM_DELAY_US=3000 score --batch 3 --micro-batch 20 --ranks 3 -o got want 2>err && cmp -s scored got || echo "delays: $(head -c 300 err)" >>bad
gives logprob_same_bytes "$(cat bad 2>/dev/null)" ''
timeout 60 "$BIN/logprob" --quiet --device cpu --model "$M" --as me want -o own
timeout 60 "$BIN/logprob" --quiet --device cpu --model "$M" --as me --ranks 3 <want >got; check logprob_a_filter cmp own got
"$BIN/rollout" --quiet --device cpu --model "$M" --samples 1 --max-new 4 --temperature 0.5 -o warm p.jsonl
fails logprob_finds_differences 3 'response_logprobs differ' score --check-rollout --ranks 3 -o got2 warm
for mpi in openmpi mpich; do
    launch=$(mpi_launcher $mpi) || continue
    score --ranks 3 --launcher "$launch -n 3" -o got want 2>err; is logprob_$mpi 0 "$(cmp scored got 2>&1; cmp -s scored got; echo $?)"
done
