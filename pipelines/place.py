"""place - where a stage runs: GPUS, RANKS, SHARD_WEIGHTS, NODES, LAUNCH

None of this is part of the experiment. The bytes are the same, a stage's record
does not have it, and nothing runs again when it changes.
"""
import json
import os
import re

# programs that compute in --ranks
RANKED = re.compile(r"(?:^|(?<=\s))(\S*/(rollout|logprob|dapo-step)) "
                    r"(?=([^|]*))")
# programs of a stage that have the device open at once, and what each takes
# there before it computes (a CUDA context), about
PROCESSES = {"train": 2, "kl": 2}
CONTEXT = 512 << 20


# ---- before the first stage ----

def check_place(p):
    """p.gpus: names of devices, one as often as stages may share it; p.RANKS."""
    from wrong import Wrong, number
    p.gpus = read_gpus(p.GPUS) if p.GPUS else []
    p.RANKS = number("RANKS", p.RANKS, least=1)
    if p.gpus and p.DEVICE == "cpu":
        raise Wrong(f"GPUS={p.GPUS}: with DEVICE=cpu no stage takes a device")
    if p.gpus and p.RANKS > len(set(p.gpus)):
        raise Wrong(f"RANKS={p.RANKS}: GPUS={p.GPUS} names "
                    f"{len(set(p.gpus))} devices")
    for name in ("TRAIN_OPTS", "ROLLOUT_OPTS"):
        if p.RANKS > 1 and "--ranks" in p.text[name]:
            raise Wrong(f"RANKS={p.RANKS}: {name} has --ranks as well")
    if p.NODES:
        from nodes import check_nodes
        check_nodes(p)
    if p.LAUNCH:
        from launch import check_launch
        check_launch(p)


def read_gpus(text):
    """4: the first four that CUDA shows; 0,1,1: these."""
    from wrong import Wrong
    shown = [d for d in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
             if d]
    if re.fullmatch(r"[1-9][0-9]{0,3}", text):
        n = int(text)
        if shown and n > len(shown):
            raise Wrong(f"GPUS={n}: CUDA_VISIBLE_DEVICES="
                        f"{','.join(shown)} has {len(shown)}")
        return shown[:n] or [str(i) for i in range(n)]
    names = text.removesuffix(",").split(",")
    if "," in text and all(re.fullmatch(r"[0-9]+|(GPU|MIG)-[0-9a-f-]+", d)
                           for d in names):
        return names
    raise Wrong(f"GPUS: found '{text}', expected how many devices, or their "
                "numbers such as 0,1,3")


def check_devices(p, there):
    """there: names of the devices of this host, or []; by nvidia-smi."""
    from wrong import Wrong
    lacks = [d for d in p.gpus if d.isdigit() and there and
             int(d) >= len(there)]
    if lacks:
        raise Wrong(f"GPUS={p.GPUS}: device {lacks[0]} is not there, this host "
                    f"has {len(there)}")


def write_place(p, state_dir, needs):
    """What stages read of devices: their names, and where two share one the
    bytes that there are and that stages take (needs, which is asked only then).
    """
    from fresh import write_whole
    text = dict(gpus=p.gpus)
    if len(set(p.gpus)) < len(p.gpus):
        text.update(needs())
    write_whole(f"{state_dir}/place.json", json.dumps(text, indent=1) + "\n")


# ---- of a stage ----

def setting(name):
    return os.environ.get(f"ULP_{name}", "")


def shards_of(factors):
    """Of an arm: shards=N, the last where there are several."""
    return int((["1"] + re.findall(r"(?:^|,)shards=(\d+)", factors))[-1])


def on_ranks(command):
    """The command with --ranks, and the ranks of its programs. A trainer has
    work for as many as its arm has shards."""
    from nodes import launcher
    ranks = int(setting("STAGE_RANKS") or 1)
    most = 1

    def placed(m):
        nonlocal most
        trains = m[2] == "dapo-step"
        arm = re.search(r"--arm (\S+)", m[3])
        n = min(ranks, shards_of(arm[1]) if arm else 1) if trains else ranks
        most = max(most, n)
        more = "--shard-weights " if trains and \
            setting("STAGE_SHARD_WEIGHTS") == "1" else ""
        return f"{m[1]} --ranks {n} {more}{launcher(m[1], m[3], n)}" \
            if n > 1 else m[0]

    return RANKED.sub(placed, command) if ranks > 1 else command, most


def need_of(known, kind, command):
    """Bytes of a device that a stage takes, by the plan; None: not known."""
    arm = re.search(r"/dapo-step .*?--arm (\S+)", command, re.S)
    need = known.get("arm " + arm[1] if arm else kind)
    return need and need + PROCESSES.get(kind, 1) * CONTEXT


def take_devices(state_dir, kind, command, ranks):
    """Waits for the devices of a stage that computes on some. Its environment,
    and the descriptors that hold them."""
    if not setting("GPUS") or " --device " not in command:
        return {}, []
    import pool
    with open(f"{state_dir}/place.json", encoding="utf-8") as f:
        place = json.load(f)
    need = need_of(place.get("needs", {}), kind, command)
    names, held = pool.take(place["gpus"],
                            min(ranks, len(set(place["gpus"]))),
                            need or pool.ALL, place.get("memory", 0))
    return {"CUDA_VISIBLE_DEVICES": ",".join(names)}, held
