"""nodes - ranks of a stage on several nodes: NODES

NODES=2 with LAUNCH=slurm: a stage is a step (or job) of two nodes, which it takes
whole. Its script runs on the first alone; --launcher of its programs is an srun
that starts their ranks beside that, on all nodes of the step.

NODES=node1,node2: mpirun starts the ranks on these hosts. The stage runs on this
one, which is the first of them.
"""
import os
import re
import shlex
import shutil

# what srun calls the interface that each of the MPIs speaks (tried with Debian's
# builds: with another one each rank believes that it is alone, or aborts)
PMI = dict(openmpi="pmix", mpich="pmi2")


def mpi_of(folder):
    """The MPI that ranks talk over: ULP_MPI, or one with a plug-in beside the
    programs; None: there is none."""
    there = [m for m in PMI if os.path.exists(f"{folder}/comm-{m}.so")]
    return os.environ.get("ULP_MPI") or (there[0] if there else None)


def is_number(text):
    return re.fullmatch("[1-9][0-9]{0,3}", text) is not None


def number_of(text):
    return int(text) if is_number(text) else len(text.split(",")) if text else 1


def check_nodes(p):
    """Before the first stage."""
    from wrong import Wrong
    n, slurm = number_of(p.NODES), p.LAUNCH.split()[:1] == ["slurm"]
    if not is_number(p.NODES) and not re.fullmatch(
            r"[A-Za-z][A-Za-z0-9._-]*(,[A-Za-z][A-Za-z0-9._-]*)*", p.NODES):
        raise Wrong(f"NODES: found '{p.NODES}', expected how many nodes, or "
                    "names of hosts such as node1,node2")
    if slurm and not is_number(p.NODES):
        raise Wrong(f"NODES={p.NODES}: with LAUNCH=slurm Slurm chooses the "
                    "nodes (NODES=2 says how many)")
    if not slurm and is_number(p.NODES) and n > 1:
        raise Wrong(f"NODES={p.NODES}: without LAUNCH=slurm the hosts are "
                    "named, this one first: NODES=node1,node2")
    if not is_number(p.NODES) and p.LAUNCH:
        raise Wrong(f"NODES={p.NODES}: mpirun starts on this host, and LAUNCH="
                    f"{p.LAUNCH} runs stages elsewhere")
    if not is_number(p.NODES) and p.gpus:
        raise Wrong(f"NODES={p.NODES}: GPUS={p.GPUS} are devices of this host "
                    "alone (ranks take those of theirs in turn)")
    if p.RANKS % n:
        raise Wrong(f"RANKS={p.RANKS}: NODES={p.NODES} has {n} nodes, and each "
                    "takes as many ranks")
    mpi = mpi_of(p.BIN)
    if n > 1 and mpi not in PMI:
        raise Wrong(f"NODES={p.NODES}: no plug-in of an MPI is in {p.BIN} "
                    "(make deps-mpi, then make)" if not mpi else
                    f"ULP_MPI={mpi}: expected openmpi or mpich")
    if n > 1 and not slurm and not shutil.which(f"mpirun.{mpi}"):
        raise Wrong(f"NODES={p.NODES}: mpirun.{mpi} is not a program here")


def launcher(program, options, n):
    """--launcher for n ranks of a program, with a blank after it; "" where they
    lie on one host: there are too few of them, as of a trainer whose arm has few
    shards, or there is one node."""
    text = os.environ.get("ULP_STAGE_NODES", "")
    nodes = number_of(text)
    if nodes == 1 or n < nodes:
        return ""
    mpi, each = mpi_of(os.path.dirname(program)), -(-n // nodes)
    if not is_number(text):
        option = "--host" if mpi == "openmpi" else "-hosts"
        hosts = ",".join(f"{h}:{each}" for h in text.split(","))
        words = f"mpirun.{mpi} {option} {hosts} -n {n}"
    else:
        threads = re.search(r"--threads (\d+)", options)
        words = (f"srun --quiet --overlap --nodes={nodes} --ntasks={n} "
                 f"--ntasks-per-node={each} "
                 f"--cpus-per-task={threads[1] if threads else 1} "
                 f"--mpi={pmi(mpi)} --nodelist=$SLURM_STEP_NODELIST")
    return f'--launcher "{words}" '


def pmi(mpi):
    """What the user gave to LAUNCH=slurm stands."""
    given = re.search(r"--mpi=(\S+)", os.environ.get("ULP_LAUNCH", ""))
    return shlex.quote(given[1]) if given else PMI[mpi]
