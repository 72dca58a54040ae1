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
    munged --force --key-file="$d/munge.key" --socket="$d/munge/sock" --pid-file="$d/munge/pid" \
        --log-file="$d/munge/log" --seed-file="$d/munge/seed" --num-threads=2 || return 1
    controller_up && slurmd -f "$d/slurm.conf" || return 1
    for _ in $(seq 100); do
        sinfo -h -o %T 2>/dev/null | grep -q idle && return 0
        sleep 0.2
    done
    return 1
}
controller_up() { slurmctld -f "$SLURM_CONF"; }
controller_down() {
    local pid
    pid=$(cat "$T/slurm/slurmctld.pid")
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}
slurm_down() {
    local f
    scancel -u root 2>/dev/null
    for f in slurmd.pid slurmctld.pid munge/pid; do
        [ ! -s "$T/slurm/$f" ] || kill "$(cat "$T/slurm/$f")"
    done
}
