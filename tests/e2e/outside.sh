# RUNS: the checkpoints of an experiment, listed as runs that were trained elsewhere, give
# its scores, KL and sparsity to the byte, and its verdicts; what is wrong with
# the table is said before anything runs
set -u
. tests/lib.sh outside
tasks="dm_val gsm8k"
run() { # R ARGS...
    local r=$1
    shift
    env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make -j2 "${built[@]}" PRESET=smoke DEVICE=cpu TASKS="$tasks" \
        R="$r" "$@" "$r/analysis/summary.txt" </dev/null >"$T/out" 2>"$T/err"
    status=$?
    labels=$(stages_ran)
}
run "$T/r" NOISE=2
if [ $status != 0 ]; then
    no experiment "$(tail -n 3 "$T/err")"
    exit 1
fi

# As TRL and verl leave them: folders with numbers, the last of which counts, a
# trainer_state.json of another kind, a model below actor/huggingface.
names='fp32_seed1 fp32_seed1_draw1 fp32_seed2 fp32_seed2_draw1 bf16_seed1 bf16_seed1_draw1 bf16_seed2 bf16_seed2_draw1'
place() { # RUN STEP TO
    mkdir -p "$3"
    cp "$T/r/train_logs/$1/step-$2/checkpoint"/{config,generation_config,tokenizer}.json "$3"
    cp "$T/r/train_logs/$1/step-$2/checkpoint/model.safetensors" "$3"
}
printf 'seed\tarm\tdirectory\tdraw\n' >"$T/runs.tsv"
for n in $names; do
    seed=${n#*_seed} draw=0
    [ "$seed" = "${seed%_draw*}" ] || draw=${seed#*_draw}
    to=$T/elsewhere/$n
    case $n in
    fp32_seed1)
        place "$n" 2 "$to/checkpoint-9"
        place "$n" 4 "$to/checkpoint-10"
        echo '{"best_metric": null, "epoch": 1.0, "global_step": 10, "log_history": []}' >"$to/checkpoint-10/trainer_state.json"
        ;;
    fp32_seed2) place "$n" 4 "$to/global_step_4/actor/huggingface" ;;
    bf16_seed1) place "$n" 4 "$to" ;;
    *) to=$T/r/train_logs/$n ;;
    esac
    printf '%s\t%s\t%s\t%s\n' "${seed%_draw*}" "${n%%_*}" "$to" "$draw"
done >>"$T/runs.tsv"
outside() { run "$T/o" MODEL="$T/r/base/model" RUNS="$T/runs.tsv" "$@"; }
outside
[ $status = 0 ] && ! grep -qE '^(train|pretrain|metrics)' <<<"$labels"
check trains_nothing test $? = 0
for n in $names; do
    for k in scores kl_scores sparsity; do
        cmp "$T/r/eval_metrics/$n/$k.msgpack" "$T/o/eval_metrics/$n/$k.msgpack" || echo "$n $k"
    done
done >"$T/differ" 2>&1
is same_scores_kl_and_sparsity '' "$(head -n 3 "$T/differ")"
tables() { cat "$1"/analysis/tables/{scores,variance,questions,h1,h2,h3,noise,verdicts}.tsv; }
tables "$T/r" >"$T/ours" && tables "$T/o" >"$T/theirs"
check same_tables cmp "$T/ours" "$T/theirs"
notes() { awk '/^=> H/ { on = 1 } /^$/ { on = 0 } on' "$1/analysis/summary.txt"; }
is same_verdicts "$(notes "$T/r")" "$(notes "$T/o")"
is four_verdicts 4 "$(notes "$T/o" | grep -c '^=> H')"
check the_setting_says_so grep -q '^training *elsewhere: 8 checkpoints that' "$T/o/analysis/summary.txt"
check nothing_of_training_is_claimed grep -q 'largest |logp trainer - logp sampler|, any step *fp32 *not run' "$T/o/analysis/summary.txt"
outside
is second_time_does_nothing '0 ' "$status $labels"
place bf16_seed2 2 "$T/elsewhere/bf16_seed1"
outside
[ $status = 0 ] && [ -n "$labels" ] && ! grep -vE 'bf16_seed1( |$)|^overlap|^analysis' <<<"$labels" >"$T/err"
check another_checkpoint_reruns_that_run test $? = 0
env -u MAKEFLAGS -u MAKELEVEL make "${built[@]}" PRESET=smoke DEVICE=cpu R="$T/o" TASKS="$tasks" MODEL="$T/r/base/model" RUNS="$T/runs.tsv" RATE=1e9 plan >"$T/plan" 2>"$T/err"
check plan_has_no_training grep -q '; 8 runs trained elsewhere$' "$T/plan"
is nor_memory_of_it 0 "$(grep -c 'training stage' "$T/plan")"

# --- refused, in one line, before anything runs ---------------------------------
refused() { # NAME TEXT ARGS...
    local name=$1 text=$2
    shift 2
    outside "$@"
    [ $status != 0 ] && [ -z "$labels" ] && [ "$(grep -cv '^make' "$T/err")" = 1 ] && grep -qF -e "$text" "$T/err"
    check "$name" test $? = 0
    grep -qF -e "$text" "$T/err" || cat "$T/err" >&2
}
# A table of these rows, under the right header or another.
refused_table() { # NAME TEXT ROWS [HEADER]
    printf "${4:-arm\tseed\tdraw\tdirectory}\n$3" >"$T/bad.tsv"
    refused "$1" "$2" RUNS="$T/bad.tsv"
}
cd_=$T/elsewhere/bf16_seed1
refused no_table 'none.tsv: no such file' RUNS="$T/none.tsv"
refused_table a_missing_column 'no column "draw"; line 1 names the columns' "a\t1\t$cd_\n" 'arm\tseed\tdirectory'
refused_table an_unknown_column 'unknown column "lr"' "a\t1\t0\t$cd_\t1\n" 'arm\tseed\tdraw\tdirectory\tlr'
refused_table a_missing_directory "line 2: directory $T/nowhere: no such directory" "a\t1\t0\t$T/nowhere\n"
mkdir -p "$T/empty/checkpoint-3"
refused_table a_directory_without_a_checkpoint "directory $T/empty: no config.json and *.safetensors there" "a\t1\t0\t$T/empty\n"
refused_table a_draw_that_is_left_out 'arm a seed 1: found draws 0 2, expected 0 1' "a\t1\t0\t$cd_\na\t1\t2\t$cd_\n"
refused_table a_seed_that_is_none "line 2: seed: found 'x', expected a whole number from 1" "a\tx\t0\t$cd_\n"
# U+2028 after a path, as a word processor leaves it, ends no line
refused_table lines_end_at_newlines_alone "line 3: seed: found 'x'" "a\t1\t0\t$cd_\xe2\x80\xa8\nb\tx\t0\t$cd_\n"
refused_table the_name_of_the_base "line 2: arm: found 'base'" "base\t1\t0\t$cd_\n"
refused_table a_cell_too_few 'line 2: found 3 cells, expected 4' "a\t1\t$cd_\n"
refused_table no_runs 'no runs in it' ''
refused_table results_of_other_runs 'R='"$T/o has results of RUNS=" "a\t1\t0\t$cd_\nb\t1\t0\t$cd_\n"
refused arms_beside_a_table 'leave ARMS away' ARMS=fp32
