# NODES: the ranks of a stage on two hosts (namespaces, hosts.bash), under a stand-in
# for srun and by mpirun (by MPICH as well with LONG=1): the bytes of one process. The programs are real.
set -u
. tests/e2e/dag_stubs.bash
. tests/hosts.bash
verdict_prefix=nodes_
touch "$T/bin/comm-openmpi.so"
refused number_without_slurm 'NODES=2: without LAUNCH=slurm the hosts are named' NODES=2 RANKS=2
refused words 'NODES: found ..a b.., expected how many nodes, or names' NODES="'a b'"
refused ranks 'RANKS=3: NODES=a,b has 2 nodes' NODES=a,b RANKS=3
printf '#!/bin/sh\n' >"$T/path/srun"
chmod +x "$T/path/srun"
refused names_for_slurm 'NODES=a,b: with LAUNCH=slurm Slurm chooses' NODES=a,b RANKS=2 LAUNCH=slurm
refused another_launcher 'NODES=a,b: mpirun starts on this host' NODES=a,b RANKS=2 LAUNCH=nice
refused gpus 'NODES=a,b: GPUS=0,1 are devices of this host' NODES=a,b RANKS=2 GPUS=0,1 DEVICE=cuda
rm "$T/bin/comm-openmpi.so"
refused no_plug_in 'NODES=2: no plug-in of an MPI' NODES=2 RANKS=2 LAUNCH=slurm
placed() { ULP_STAGE_RANKS=4 ULP_STAGE_NODES=$1 ULP_MPI=mpich python3 -c "import sys; sys.path.insert(0, 'pipelines'); import place; print(*place.on_ranks(sys.argv[1]))" "$2"; }
is a_trainer_of_few_shards_stays_on_one 'a/rollout --ranks 4 --launcher "mpirun.mpich -hosts x:2,y:2 -n 4" --arm fp32 | a/dapo-step --arm fp32 4' \
    "$(placed x,y 'a/rollout --arm fp32 | a/dapo-step --arm fp32')"
is one_of_three_shards 'a/dapo-step --ranks 3 --launcher "srun --quiet --overlap --nodes=2 --ntasks=3 --ntasks-per-node=2 --cpus-per-task=5 --mpi=pmi2 --nodelist=$SLURM_STEP_NODELIST" --threads 5 --arm fp32,shards=3 3' \
    "$(placed 2 'a/dapo-step --threads 5 --arm fp32,shards=3')"
is slices_on_two_hosts 'a/dapo-step --ranks 2 --shard-weights --launcher "mpirun.mpich -hosts x:1,y:1 -n 2" --arm fp32,shards=2 2' \
    "$(ULP_STAGE_SHARD_WEIGHTS=1 placed x,y 'a/dapo-step --arm fp32,shards=2')"

lacks=$(hosts_lack)
[ -z "$lacks" ] || { echo "skip nodes_on_two_hosts: $lacks"; exit 0; }
trap hosts_down EXIT
hosts_up || { no up "$(cat "$T/up.err")"; exit 1; }
# srun for a stage: a task on each host; for ranks: mpirun
cat >"$T/path/srun" <<S
#!/bin/bash
echo "\$(uname -n) \$*" | cut -c1-300 >>"$T/sruns"
while [[ \$1 = --* ]]; do
    case \$1 in --nodes=*) n=\${1#*=} ;; --ntasks=*) tasks=\${1#*=} ;; --overlap) overlap=1 ;; --nodelist=*) [ "\$1" = --nodelist=alpha,beta ] || exit 9 ;; esac
    shift
done
[ -z "\$overlap" ] || exec $T/mpirun \$tasks "\$@"
k=0
for host in alpha beta; do
    [ \$n -gt 0 ] || break
    SLURM_PROCID=\$k SLURM_STEP_NODELIST=alpha,beta "$T/on" \$host "\$@" &
    all+=(\$!) k=1
    n=\$((n - 1))
done
for p in "\${all[@]}"; do wait "\$p" || status=\$?; done
exit \${status:-0}
S
cat >"$T/mpirun" <<S
#!/bin/bash
n=\$1
shift
case \$ULP_MPI in
openmpi) exec mpirun.openmpi --oversubscribe --host alpha,beta -n \$n "\$@" ;;
*) exec mpirun.mpich -hosts alpha,beta -n \$n "\$@" ;;
esac
S
chmod +x "$T/mpirun"
R=$T/r want=$T/want goal=train_logs/fp32_seed1/step-2
real() { # ARGS...: make with the real programs, on alpha
    "$T/on" alpha env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES OMPI_MCA_plm_rsh_agent="$T/rsh" HYDRA_LAUNCHER=ssh HYDRA_LAUNCHER_EXEC="$T/rsh" PATH="$PATH" \
        timeout 120 make -j2 $(printf -- "-o $BIN/%s " $stub_programs) BIN="$BIN" B="$T/none" CUDA=0 MPI=0 DEVICE=cpu R="$R" PRESET=smoke STEPS=2 CHUNK=2 ARMS=fp32 SEEDS=1 SHARDS=2 \
        "$@" "$R/$goal" </dev/null >"$T/out" 2>"$T/err"
    status=$?
}
real
bytes "$R" >"$want"
is on_one_host 0 "$status"
# MPICH over TCP alone has stayed in MPI_Finalize, seldom (docs/SCALE.md)
mpis=openmpi
[ "${LONG:-0}" = 1 ] && mpis='openmpi mpich' || echo 'skip nodes_mpich: LONG=1 runs it'
for mpi in $mpis; do
    mpi_launcher $mpi >/dev/null || {
        echo "skip nodes_$mpi: no plug-in, or no mpirun.$mpi"
        continue
    }
    export ULP_MPI=$mpi
    rm -rf "$R/train_logs" "$R/.make/train_logs" "$T/sruns"
    real NODES=2 RANKS=2 LAUNCH=slurm
    is ${mpi}_under_srun '0 same' "$status $(bytes "$R" | cmp -s - "$want" && echo same || tail -n 3 "$T/err")"
    # the stage of two nodes, and from its first one the ranks of sampler and trainer
    is ${mpi}_steps '1 2' "$(grep -c -- '^alpha .*--nodes=2 --ntasks=2 --job-name=ulp-train .*--ntasks-per-node=1' "$T/sruns") $(grep -c '^alpha .*--overlap --nodes=2 --ntasks=2 --ntasks-per-node=1 ' "$T/sruns")"
    rm -rf "$R/train_logs" "$R/.make/train_logs"
    real NODES=alpha,beta RANKS=2
    is ${mpi}_by_mpirun '0 same' "$status $(bytes "$R" | cmp -s - "$want" && echo same || tail -n 3 "$T/err")"
done
