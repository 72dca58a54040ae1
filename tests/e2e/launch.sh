# LAUNCH: stages that another command runs. Files that appear after the launcher has
# ended, a launcher that says 0 for a command that did not end, and the front door.
set -u
. tests/e2e/dag_stubs.bash
verdict_prefix=launch_
R=$T/r goal=train_logs/fp32_seed1/step-4
run() { dag_make R="$R" "${small[@]}" "$@" "$R/$goal"; }
run
bytes "$R" >"$T/want"
again() { rm -rf "$R/train_logs" "$R/.make/train_logs"; }

# A shared file system as another host sees it: the list first, then the files, all
# of them a second after the launcher has ended.
cat >"$T/path/late" <<'S'
#!/bin/bash
"$@" || exit
[ -d "$OUT" ] || exit 0
mkdir "$OUT.away"
mv "$OUT" "$OUT.made" "$OUT.away"
f=$OUT.away/${OUT##*/}
(
    exec >/dev/null 2>&1
    sleep 0.5; mv "$f.made" "$OUT.made"
    sleep 0.5; mkdir "$OUT"; cp "$f/metrics.msgpack" "$OUT"; head -c 3 "$f/rollouts.msgpack.zst" >"$OUT/rollouts.msgpack.zst"
    sleep 0.5; cp -r "$f/." "$OUT"; rm -r "$OUT.away"
) &
S
chmod +x "$T/path/late"
again
run LAUNCH=late
is files_that_appear_late '0 same' "$status $(bytes "$R" | cmp -s - "$T/want" && echo same || tail -n 3 "$T/err")"
is nothing_left 0 "$(find "$R" -name '.new.*' | wc -l)"
again
run LAUNCH='nice -n 1'
is another_command '0 same' "$status $(bytes "$R" | cmp -s - "$T/want" && echo same || tail -n 3 "$T/err")"

# The host of the command sees its inputs late: none, half of one, one of before.
cat >"$T/path/hides" <<'S'
#!/bin/bash
f=$HIDES
[ -s "$f" ] || exec "$@"
mv "$f" "$f.away"
(
    exec >/dev/null 2>&1
    sleep 0.5; head -c 3 "$f.away" >"$f"
    sleep 0.5; cp "$f.away" "$f"; touch -d '-1 hour' "$f"
    sleep 0.5; mv "$f.away" "$f"
) &
exec "$@"
S
chmod +x "$T/path/hides"
export HIDES=$R/base/model/model.safetensors
again
DAG_JOBS=1 run LAUNCH=hides
for _ in $(seq 100); do [ -e "$HIDES.away" ] || break; sleep 0.1; done # the last stage did not read it
is inputs_that_appear_late '0 same' "$status $(bytes "$R" | cmp -s - "$T/want" && echo same || tail -n 3 "$T/err")"
host=$(uname -n)
script() { PYTHONPATH=pipelines python3 -c 'import sys, launch; launch.LATE_S = 1; print(launch.script_of(sys.argv[1], sys.argv[2:]))' "$@"; }
script 'echo began' "$HIDES" >"$T/script"
printf 'half' >"$HIDES"
said=$(OUT=$T/out.of bash -euo pipefail "$T/script" 2>&1; echo "status $?")
is an_input_that_never_appears "$HIDES is not seen on $host as it is on $host status 1" "${said//$'\n'/ }"
rm -rf "$R"
run

# sbatch --wait says 0 for a script whose srun failed; half of a checkpoint is there
printf '#!/bin/bash\nmkdir -p "$OUT/checkpoint"; echo x >"$OUT/checkpoint/model.safetensors"\n' >"$T/path/lies"
chmod +x "$T/path/lies"
again
sed 's/^LATE_S = .*/LATE_S = 1/' pipelines/launch.py >"$T/launch.py"
said=$(ULP_LAUNCH=lies ULP_R=$R PYTHONPATH=$T python3 -S -c '
import sys
sys.path.append("pipelines")
import stage_run
stage_run.main(sys.argv[1:])' "$R/train_logs/x" --kind train --label x 'mkdir $OUT' 2>&1)
is a_launcher_that_lies "1 1" "$? $(grep -c 'failed: x: .*what the command made is not there' <<<"$said")"
[ ! -e "$R/train_logs/x" ] && ok a_launcher_that_lies_leaves_nothing || no a_launcher_that_lies_leaves_nothing "$(ls "$R/train_logs/x")"

# --- make is stopped: the programs of its stages are, too
again
(STUB_GATE=$T/gate && mkdir "$T/gate" && dag_make R="$R" "${small[@]}" "$R/$goal") &
for _ in $(seq 200); do [ -e "$T/gate/log" ] && break; sleep 0.05; done
kill -TERM "$(pgrep -f "^make -j2 .*$R/$goal" | head -n 1)"
wait
for _ in $(seq 100); do pgrep -f "$T/bin/" >/dev/null || break; sleep 0.05; done
is make_stopped_stops_all '0 0' "$(pgrep -fc "$T/bin/") $(find "$R" -name '.new.*' | wc -l)"
run
is and_goes_on '0 same' "$status $(bytes "$R" | cmp -s - "$T/want" && echo same)"

refused a_quote 'LAUNCH=srun .x: No closing quotation' LAUNCH="srun 'x"
refused no_program "LAUNCH: 'nosuch' is not a program here" LAUNCH='nosuch -n 1'
printf '#!/bin/sh\n' >"$T/path/srun"
chmod +x "$T/path/srun"
refused words_after_slurm 'after slurm stand options of srun' LAUNCH='slurm big'
refused auto_device 'LAUNCH=slurm: DEVICE=cpu or cuda says what the nodes have' LAUNCH=slurm DEVICE=auto
refused gpus_under_slurm 'GPUS=2: with LAUNCH=slurm Slurm gives each stage' LAUNCH=slurm GPUS=2 DEVICE=cuda
words() { env -u SLURM_JOB_ID "$@" ULP_LAUNCH='slurm --partition=x' python3 -c "
import sys
sys.path.insert(0, 'pipelines')
import launch
print(*launch.launched('train', 'rollout --ranks 2 --device cuda --threads 3', [])[:-5])"; }
is words_outside 'srun --quiet --input=none --nodes=1 --ntasks=1 --job-name=ulp-train --kill-on-bad-exit --cpus-per-task=6 --gpus=2 --partition=x' "$(words)"
is words_inside 'srun --quiet --input=none --nodes=1 --ntasks=1 --job-name=ulp-train --kill-on-bad-exit --exact --mem-per-cpu=2000 --cpus-per-task=4 --gpus=2 --partition=x' \
    "$(words SLURM_JOB_ID=1 SLURM_CPUS_ON_NODE=4 SLURM_MEM_PER_NODE=8000)"
