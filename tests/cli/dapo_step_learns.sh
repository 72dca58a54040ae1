# dapo-step: the whole loop lifts the accuracy of a model that guesses (the
# right answer is the same for every prompt, which seconds suffice to learn);
# the live run, two chunks of it and the replay give the same bytes
set -u
set -o pipefail
. tests/lib.sh dapo_learns
root=$PWD
cd "$T"
. "$root/tests/cli/sums.bash"
loop() { # ARM MODEL OUT STEPS
    rm -f fifo; mkfifo fifo
    "$BIN/draw" --quiet --resume "$2" --seed 5 tokens |
        "$BIN/rollout" --quiet --model "$2" --arm $1 --seed 5 --sync fifo --samples 8 --temperature 1 --max-new 8 --threads 1 |
        "$BIN/tokenize" --quiet --decode --tokenizer "$2" | "$BIN/reward" --quiet --max-len 8 |
        "$BIN/dapo-step" --quiet $opts --arm $1 --model "$2" --sync fifo --steps "$4" --keep "$3.zst" --out "$3" --json -o "$3.json"
}
opts="--seed 5 --prompts 8 --mini-batch 4 --samples 8 --lr 2e-3 --threads 1"
mean() { grep -o '"accuracy":[0-9.]*' | cut -d: -f2 | awk '{ s += $1 } END { print s / NR }'; }
loop fp32 base r 16 || no runs "the loop failed"
before=$(head -n 3 r.json | mean) after=$(tail -n 3 r.json | mean)
awk -v a="$before" -v b="$after" 'BEGIN { print (a < 0.4 && b > a + 0.3 ? "ok" : "not ok") " dapo_learns_the_answer: accuracy " a " to " b }'
grep -q '"clip_high":0\.0*[1-9]' r.json && ok some_tokens_are_clipped || no some_tokens_are_clipped "none in 16 steps"
[ "$(grep -o '"logp_gap_max":[^,]*' r.json | sort -u)" = '"logp_gap_max":0.0' ] && ok sampler_and_trainer_agree || no sampler_and_trainer_agree "$(grep -o '"logp_gap_max":[^,]*' r.json | sort -u)"
# the arm with dropout, bf16 weights and shuffled sums: every noise replays
loop bf16,dropout=0.1 base whole 3 && loop bf16,dropout=0.1 base part 1 && loop bf16,dropout=0.1 part chunks 2 || no chunks "a loop failed"
diff -r whole chunks >d.txt && ok chunks_give_the_same_bits || no chunks_give_the_same_bits "$(cat d.txt)"
"$BIN/dapo-step" --quiet $opts --arm bf16,dropout=0.1 --model base --steps 3 --out replay --json -o replay.json whole.zst
diff -r whole replay >d.txt && cmp -s whole.json replay.json && ok replay_gives_the_same_bits || no replay_gives_the_same_bits "$(cat d.txt)"
grep -q '"logp_gap_max":0.0,' whole.json && ok no_gap_in_a_noisy_arm || no no_gap_in_a_noisy_arm "$(cat whole.json)"
