# Ranks on two hosts, over TCP (by MPICH as well with LONG=1): the bytes of one process; a rank that is
# killed, a cable that is pulled: all end within seconds, with one line that names the
# host, and nothing is left on either.
set -u
. tests/lib.sh hosts
. tests/hosts.bash
lacks=$(hosts_lack)
[ -z "$lacks" ] || { echo "skip hosts: $lacks"; exit 0; }
trap hosts_down EXIT
hosts_up || { no up "$(cat "$T/up.err")"; exit 1; }
. tests/golden/bits/run.bash
M=$PWD/tests/golden/model/tied
on() { "$T/on" "$@"; }
mpi_hosts() { # openmpi or mpich: what starts a rank on each of the hosts that follow
    local agent
    mpi_launcher "$1" >/dev/null || return 1
    [ "$1" = openmpi ] && agent='--mca plm_rsh_agent' || agent='-launcher ssh -launcher-exec'
    [ "$1" = openmpi ] && echo "mpirun.openmpi --oversubscribe $agent $T/rsh --host alpha,beta -n 2" ||
        echo "mpirun.mpich $agent $T/rsh -hosts alpha,beta -n 2"
}
for i in $(seq 30); do echo "{\"id\":\"p$i\",\"prompt_tokens\":[$((i % 9 + 1)),7,$((i * 3 % 29 + 1))]}"; done >"$T/p.jsonl"
roll="$BIN/rollout --quiet --device cpu --model $M --samples 3 --max-new 24 --seed 4 --batch 8"
$roll --threads 1 -o "$T/want" "$T/p.jsonl"
base "$T/base" && tokens || no the_base failed
awk -f tests/golden/train/rollouts.awk -v SEED=1 -v STEPS=1 -v P=9 -v N=4 >"$T/step.jsonl"
awk -f tests/golden/train/rollouts.awk -v SEED=1 -v STEPS=2 -v P=9 -v N=4 >"$T/steps.jsonl"
step="$BIN/dapo-step --quiet --device cpu --off-policy --prompts 9 --mini-batch 5 --samples 4 --lr 1e-3 --seed 3 --threads 1 --arm bf16-mixed,shards=4 --model $T/base --steps 1 --json"
$step -o "$T/want.m" --out "$T/want.out" "$T/step.jsonl"
programs() { # HOST: those of a fault that run there, as this machine numbers them
    local p
    for p in $(pgrep -f "$BIN/rollout .*--seed 77 "); do
        [ "$(host_of "$p") $(readlink "/proc/$p/exe")" = "$1 $BIN/rollout" ] && echo "$p"
    done
}
trainers() { # HOST: the ranks of dapo-step that run there
    local p
    for p in $(pgrep -f "$BIN/dapo-step .*--shard-weights "); do
        [ "$(host_of "$p") $(readlink "/proc/$p/exe")" = "$1 $BIN/dapo-step" ] && echo "$p"
    done
}
front=alpha # the host of the process in the pipe
started() { for _ in $(seq 400); do [ -n "$(programs beta)" ] && sleep 0.3 && return; sleep 0.1; done; }
none_left() { for _ in $(seq 250); do [ -z "$(programs alpha)$(programs beta)" ] && return; sleep 0.1; done; }
holders() { # programs on alpha that have the command's standard error, and as which descriptor
    local p f
    for p in $(programs alpha); do
        for f in "/proc/$p/fd"/*; do
            [ "$(readlink "$f")" != "$T/err" ] || echo "$p ${f##*/}"
        done
    done
}
rank_0_speaks() { # it has it besides the program that started it
    for _ in $(seq 400); do
        [ "$(holders | cut -d' ' -f1 | uniq | wc -l)" -lt 2 ] || return
        sleep 0.1
    done
}
fault() { # LAUNCHER THREADS COMMAND...: the command beside an endless run; its end
    local launcher=$1 threads=$2 began
    shift 2
    (while cat "$T/p.jsonl"; do :; done 2>/dev/null) | "$T/on" $front timeout 60 "$BIN/rollout" --quiet --device cpu $threads --model "$M" --samples 8 \
        --max-new 100 --batch 8 --ranks 2 --launcher "$launcher" --seed 77 -o "$T/half" - 2>"$T/err" >"$T/out" &
    local run=$!
    started
    began=$SECONDS
    "$@"
    wait $run
    status=$? took=$((SECONDS - began))
    none_left
}
said() { # but what mpirun says where another process of its was faster than it
    grep -v 'plm:rsh: Warning: setpgid' "$T/err"
}
alone() { # one line; others are shown
    wc -l <"$T/err"
    [ "$(wc -l <"$T/err")" = 1 ] || sed 's/^/note /' "$T/err" >&3
}
exec 3>&1
# MPICH over TCP alone has stayed in MPI_Finalize, seldom (docs/SCALE.md)
mpis=openmpi
[ "${LONG:-0}" = 1 ] && mpis='openmpi mpich' || echo 'skip hosts_mpich: LONG=1 runs it'
for mpi in $mpis; do
    launch=$(mpi_hosts $mpi) || {
        echo "skip hosts_$mpi: no plug-in, or no mpirun.$mpi"
        continue
    }
    on alpha timeout 60 $roll --threads 1 --ranks 2 --launcher "$launch" -o "$T/got" "$T/p.jsonl" 2>"$T/err"
    is ${mpi}_rollout_same_bytes '0 same ' "$? $(cmp -s "$T/want" "$T/got" && echo same) $(said)"
    on alpha timeout 60 $step --ranks 2 --launcher "$launch" -o "$T/got.m" --out "$T/got.out" "$T/step.jsonl" 2>"$T/err"
    is ${mpi}_dapo_step_same_bytes '0 same ' "$? $(diff -r "$T/want.out" "$T/got.out" >/dev/null && cmp -s "$T/want.m" "$T/got.m" && echo same) $(said)"
    on alpha timeout 120 $step --shard-weights --ranks 2 --launcher "$launch" -o "$T/got.m" --out "$T/got.out" "$T/step.jsonl" 2>"$T/err"
    is ${mpi}_shard_weights_same_bytes '0 same ' "$? $(diff -r "$T/want.out" "$T/got.out" >/dev/null && cmp -s "$T/want.m" "$T/got.m" && echo same) $(said)"
    fails ${mpi}_rank_0_elsewhere 2 'rank 0 is on beta, and must be on this host, alpha' \
        on alpha timeout 60 $roll --ranks 2 --launcher "${launch/alpha,beta/beta,beta}" "$T/p.jsonl"
    rm -rf "$T/got"*
    # a rank whose weights the other one reads, in the middle of a step
    ULP_COMM_DELAY_US=20000 on alpha timeout 120 ${step/--steps 1/--steps 2} --shard-weights --ranks 2 --launcher "$launch" --live "$T/live" -o "$T/got.m" --out "$T/got.out" "$T/steps.jsonl" 2>"$T/err" &
    run=$!
    victim=
    for _ in $(seq 600); do
        victim=$(trainers beta)
        [ -n "$victim" ] && [ -s "$T/live" ] && break
        sleep 0.1
    done
    [ -n "$victim" ] && kill -9 "$victim"
    wait $run
    status=$?
    for _ in $(seq 250); do [ -n "$(trainers alpha)$(trainers beta)" ] || break; sleep 0.1; done
    is ${mpi}_shard_weights_killed_rank '1 1 1' "$status $(alone) $(grep -c '^dapo-step: rank 1 on beta (process [0-9]*) has died: ' "$T/err")"
    is ${mpi}_shard_weights_leaves_nothing ' ' "$(ls -d "$T/got.out" "$T/got.m" 2>/dev/null) $(trainers alpha)$(trainers beta)"
    rm -f "$T/live"

    fault "$launch" '--threads 1' eval 'kill -9 $(programs beta)'
    is ${mpi}_killed_rank '1 1 0' "$status $(alone) $(programs alpha | wc -l)"
    grep -q '^rollout: rank 1 on beta (process [0-9]*) has died: ' "$T/err" && ok ${mpi}_killed_rank_names_its_host || no ${mpi}_killed_rank_names_its_host "$(cat "$T/err")"
    # what MPI's library writes in rank 0 must not come beside that line
    fault "$launch" '--threads 1' eval 'rank_0_speaks; holders | grep -c " 2$" >"$T/as_own"; kill -9 $(programs beta)'
    is ${mpi}_own_standard_error_is_the_launchers 1 "$(cat "$T/as_own")"
    fault "$launch" '--threads 1' cable down
    is ${mpi}_cable_pulled '1 1 0 0' "$status $(alone) $(programs alpha | wc -l) $(programs beta | wc -l)"
    [ $took -le 30 ] && ok ${mpi}_within_30_seconds || no ${mpi}_within_30_seconds "$took s"
    grep -q '^rollout: rank 1 on beta (process [0-9]*) has sent no sign of life for 10 s$' "$T/err" && ok ${mpi}_cable_pulled_is_said ||
        no ${mpi}_cable_pulled_is_said "$(cat "$T/err")"
    cable up
done
[ ! -e "$T/half" ] && ok nothing_half_written || no nothing_half_written "$(ls "$T")"

# Ranks share the processors of their host, which is told by more than its name.
threads() { # LAUNCHER: of the last rank on beta
    fault "$1" '' eval 'sed -n "s/^Threads:\t//p" "/proc/$(programs beta | tail -n 1)/status" >"$T/threads"; kill -9 $(programs beta)'
    cat "$T/threads"
}
if launch=$(mpi_hosts openmpi) && [ "$(nproc)" -gt 1 ]; then
    apart=$(threads "$launch")
    on beta hostname alpha
    is hosts_of_one_name_are_two "$apart" "$(threads "$launch")"
    on beta hostname beta
    front=beta
    together=$(threads "${launch/alpha,beta/beta,beta}")
    [ "$together" -lt "$apart" ] && ok ranks_of_a_host_share_it || no ranks_of_a_host_share_it "$together threads, apart $apart"
fi
