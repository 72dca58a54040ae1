# slurm.bash - a Slurm of one node on this machine, in $T, for tests: munged,
# slurmctld and slurmd on loopback, as root. Sourced after tests/lib.sh.
slurm_lacks() { # why there can be none here, or nothing
    local p
    for p in munged slurmctld slurmd srun sbatch scontrol; do
        command -v $p >/dev/null || { echo "no $p (make deps-slurm)"; return; }
    done
    [ "$(id -u)" = 0 ] || echo 'not root'
}
slurm_up() { # PORT
    local d=$T/slurm host
    host=$(uname -n)
    mkdir -p "$d/state" "$d/spool" "$d/munge"
    chmod 755 "$T" "$d" && chmod 700 "$d/munge"
    head -c 1024 /dev/urandom >"$d/munge.key" && chmod 600 "$d/munge.key"
    cat >"$d/slurm.conf" <<C
ClusterName=ulp
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$d/munge/sock,cred_expire=5
CredType=cred/munge
SlurmctldPort=$1
SlurmdPort=$(($1 + 1))
StateSaveLocation=$d/state
SlurmdSpoolDir=$d/spool
SlurmctldPidFile=$d/slurmctld.pid
SlurmdPidFile=$d/slurmd.pid
SlurmctldLogFile=$d/slurmctld.log
SlurmdLogFile=$d/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0
SlurmdParameters=config_overrides
MpiDefault=none
KillWait=2
ReturnToService=2
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=2000 Gres=gpu:2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES State=UP DefMemPerCPU=100
C
    echo "Name=gpu File=$d/gpu[0-1]" >"$d/gres.conf"
    touch "$d/gpu0" "$d/gpu1"
    export SLURM_CONF=$d/slurm.conf
    daemon munged --foreground --force --key-file="$d/munge.key" --socket="$d/munge/sock" --pid-file="$d/munge/pid" \
        --log-file="$d/munge/log" --seed-file="$d/munge/seed" --num-threads=2
    for _ in $(seq 100); do [ -S "$d/munge/sock" ] && break; sleep 0.1; done
    controller_up
    daemon slurmd -D -f "$d/slurm.conf"
    for _ in $(seq 100); do
        sinfo -h -o %T 2>/dev/null | grep -q idle && return 0
        sleep 0.2
    done
    return 1
}
slurm_daemons=() controller=
# They are children of this shell, and go with it however it ends.
daemon() {
    setpriv --pdeathsig KILL "$@" >/dev/null 2>&1 </dev/null &
    slurm_daemons+=($!)
}
controller_up() {
    daemon slurmctld -D -f "$SLURM_CONF"
    controller=$!
}
controller_down() {
    kill "$controller"
    wait "$controller"
}
# Steps first: what slurmstepd runs outlives slurmd. A daemon that does not go by
# itself is killed.
slurm_down() {
    timeout 10 scancel -u root 2>/dev/null
    for _ in $(seq 50); do steps >/dev/null || break; sleep 0.1; done
    # shellcheck disable=SC2046 # processes
    kill -9 $(steps) 2>/dev/null
    kill "${slurm_daemons[@]}" 2>/dev/null
    (sleep 5; kill -9 "${slurm_daemons[@]}") 2>/dev/null &
    wait "${slurm_daemons[@]}" 2>/dev/null
    kill $! 2>/dev/null
}
steps() { # processes of slurmstepd that belong to this Slurm; 1: none
    local p found=1
    for p in $(pgrep '^slurmstepd'); do
        grep -qzFx "SLURM_CONF=$SLURM_CONF" "/proc/$p/environ" 2>/dev/null && echo "$p" && found=0
    done
    return $found
}
