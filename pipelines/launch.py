"""launch - stages that another command runs: LAUNCH=slurm, or a command of one's own

The command of a stage may run on another host then. So three things hold:

- Its FIFO is in a folder of that host alone (TMPDIR).
- A launcher's status is not believed alone (sbatch --wait has said 0 for a script
  whose srun failed). The last act of the command is a list of the files that it
  made, with their sizes, beside its output.
- A shared file system may show files late. The stage waits until it sees what the
  list says; and the command, on its host, until it sees the stage's inputs in the
  sizes and of the times that they have here.
"""
import os
import re
import shlex
import time

from fresh import files_in
from nodes import number_of

SLURM_KINDS = ("base", "train", "eval", "kl", "sparsity")
LATE_S = 90  # NFS believes for 60 s at most that a file is not there

SCRIPT = """
[ "${SLURM_PROCID:-0}" = 0 ] || exit 0  # another node of the stage
until=$((SECONDS + @LATE_S@))
while read -r size time name; do
    [ "$name" ] || continue  # there are none
    until [ "$(stat -c '%s %Y' "$name" 2>/dev/null)" = "$size $time" ]; do
        ls "${name%/*}" >/dev/null 2>&1 || true  # a client looks again
        [ $SECONDS -lt $until ] || { echo "$name is not seen on $(uname -n) as it is on @HOST@" >&2; exit 1; }
        sleep 0.2
    done
done <<'INPUTS'
@INPUTS@
INPUTS
mkdir -p "$(dirname "$OUT")"
here=$(mktemp -d "${TMPDIR:-/tmp}/ulp-stage.XXXXXX")
trap 'rm -rf "$here"' EXIT
@COMMAND@
find "$OUT" -type f -printf '%s %P\\n' >"$OUT.made.part"
mv "$OUT.made.part" "$OUT.made"
"""


def check_launch(p):
    """Before the first stage."""
    import shutil
    from wrong import Wrong
    try:
        first, *more = shlex.split(p.LAUNCH)
    except ValueError as e:
        raise Wrong(f"LAUNCH={p.LAUNCH}: {e}") from None
    if not shutil.which("srun" if first == "slurm" else first):
        raise Wrong(f"LAUNCH={p.LAUNCH}: srun is not installed here (make "
                    "deps-slurm)" if first == "slurm" else
                    f"LAUNCH: '{first}' is not a program here")
    if first != "slurm":
        return
    if any(not w.startswith("-") for w in more):
        raise Wrong(f"LAUNCH={p.LAUNCH}: after slurm stand options of srun, "
                    "such as --partition=x")
    if p.DEVICE == "auto":
        raise Wrong("LAUNCH=slurm: DEVICE=cpu or cuda says what the nodes have")
    if p.gpus:
        raise Wrong(f"GPUS={p.GPUS}: with LAUNCH=slurm Slurm gives each stage "
                    "its devices (RANKS says how many)")


def srun(kind, command, options, env):
    """The words before a stage's command. Inside an allocation it is a step
    beside others: of what it does not ask for, a step takes all that the job
    has, memory and devices too, and the next step waits."""
    ranks = max(map(int, re.findall(r" --ranks (\d+)", command)), default=1)
    threads = max(map(int, re.findall(r" --threads (\d+)", command)), default=1)
    nodes = number_of(env.get("ULP_STAGE_NODES", "")) \
        if " --launcher " in command else 1
    ranks = -(-ranks // nodes)
    cpus = ranks * max(threads, 1)
    on_node = int(re.match(r"\d+", env.get("SLURM_CPUS_ON_NODE", "0"))[0])
    words = ["srun", "--quiet", "--input=none", f"--nodes={nodes}",
             f"--ntasks={nodes}", f"--job-name=ulp-{kind}",
             "--kill-on-bad-exit"]
    if nodes > 1:
        words.append("--ntasks-per-node=1")
    if "SLURM_JOB_ID" in env:
        if nodes == 1:  # several it takes whole: ranks count their devices from 0
            words.append("--exact")
        cpus = min(cpus, on_node or cpus)
        if env.get("SLURM_MEM_PER_NODE", "").isdigit() and on_node:
            words.append("--mem-per-cpu="
                         f"{int(env['SLURM_MEM_PER_NODE']) // on_node}")
    words.append(f"--cpus-per-task={cpus}")
    if " --device cuda" in command:
        words.append(f"--gpus{'-per-node' if nodes > 1 else ''}={ranks}")
    elif "SLURM_JOB_ID" in env:
        words.append("--gres=none")
    return words + options


def as_here(inputs):
    """Size, time (in seconds: what is left of it on other file systems differs)
    and absolute path of each file of the inputs, in lines."""
    lines = []
    for path in inputs:
        for name in files_in(path):
            f = os.path.abspath(os.path.join(path, name) if name else path)
            try:
                s = os.stat(f)
            except OSError:
                continue  # freed
            lines.append(f"{s.st_size} {int(s.st_mtime)} {f}")
    return "\n".join(lines)


def script_of(command, inputs):
    parts = dict(LATE_S=str(LATE_S), HOST=os.uname().nodename,
                 INPUTS=as_here(inputs),
                 COMMAND=command.replace("$OUT.fifo", "$here/fifo"))
    return re.sub("@([A-Z_]+)@", lambda m: parts[m[1]], SCRIPT)


def launched(kind, command, inputs):
    """The words that run a stage's command."""
    first, *more = shlex.split(os.environ["ULP_LAUNCH"])
    words = [first, *more]
    if first == "slurm":
        words = srun(kind, command, more, os.environ) \
            if kind in SLURM_KINDS else []
    return [*words, "bash", "-euo", "pipefail", "-c",
            script_of(command, inputs)]


def listed(new):
    """Names and sizes that the command says it made; None: it did not yet."""
    os.listdir(os.path.dirname(new) or ".")  # a client looks again
    try:
        with open(new + ".made", encoding="utf-8") as f:
            return [line.rstrip("\n").split(" ", 1) for line in f]
    except OSError:
        return None


def seen(new, files):
    def size(name):
        try:
            return os.stat(os.path.join(new, name) if name else new).st_size
        except OSError:
            return -1
    return files is not None and all(size(n) == int(s) for s, n in files)


def whole(new):
    """Waits until all that the command made can be seen here; False: never."""
    until = time.monotonic() + LATE_S
    while not seen(new, listed(new)):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    os.remove(new + ".made")
    return True
