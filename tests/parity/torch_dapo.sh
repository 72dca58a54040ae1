# torch_dapo - one DAPO step of every arm against torch: the same weights,
# rollouts and loss
#
# A model of random weights and one that pretrain trains for 100 steps, both made
# here. tests/golden/train/torch_dapo_*.tsv has torch's figures for them
# (make_torch_dapo.py there; KEEP=DIR leaves its inputs in DIR).
set -u
. tests/lib.sh
. tests/golden/bits/run.bash
. tests/parity/torch_rollouts.bash
figures=tests/golden/train/torch_dapo
# between LOW HIGH TORCH OURS: is ours from LOW to HIGH of torch's?
between() { awk -v l="$1" -v h="$2" -v t="$3" -v u="$4" 'BEGIN { exit !(u >= l * t && u <= h * t) }'; }

base "$T/pretrained" && tokens &&
    "$BIN/pretrain" --quiet --device cpu --tokenizer $golden/tokenizer $shape --steps 1 \
        --batch 32 --lr 1e-6 --warmup 10 --seed 2 --threads 1 -o "$T/random" $golden/corpus.jsonl ||
    { no the_models_are_made failed; exit 1; }
for m in random pretrained; do
    rewarded "$T/$m" 5 >"$T/$m.jsonl"
    if [ "${KEEP:-}" ]; then
        mkdir -p "$KEEP"
        cp -r "$T/$m" "$T/$m.jsonl" "$KEEP/"
        continue
    fi
    if ! figures_of ${figures}_$m.tsv "$T/$m" "$T/$m.jsonl"; then
        no "torch_had_this_${m}_model" "other weights or rollouts than $(sed 1q ${figures}_$m.tsv)"
        continue
    fi
    # Errors of one batch. Of random weights both are within a tenth. Of trained ones
    # the gradient's scatter from model to model, torch's against torch's too
    # (docs/ARMS.md): torch_scatter.sh compares those of many models
    noise='0.9 1.1' gradient='0.9 1.1'
    [ $m = pretrained ] && noise='0.85 1.15' gradient='0.4 1.15'
    python3 tests/parity/torch_dapo.py "$BIN" "$T/$m" "$T/$m.jsonl" ${figures}_$m.tsv "$T/out.$m" \
        >"$T/$m.tsv" 2>"$T/err" || no "${m}_steps" "$(head -n 1 "$T/err")"
    while read -r arm tn un tg ug tm um tc uc; do
        bad=
        # fp32 is what ours are measured against
        if [ "$arm" != fp32 ]; then
            between $noise "$tn" "$un" || bad="$bad noise $un, torch $tn;"
            between $gradient "$tg" "$ug" || bad="$bad gradient $ug, torch $tg;"
        fi
        between 0.97 1.03 "$tm" "$um" || bad="$bad norm $um, torch $tm;"
        between 0.9 1.1 "$tc" "$uc" || bad="$bad changed $uc, torch $tc;"
        if [ "$bad" ]; then no "one_step_as_torch_${m}_$arm" "$bad"; else ok "one_step_as_torch_${m}_$arm"; fi
    done <"$T/$m.tsv"
done
