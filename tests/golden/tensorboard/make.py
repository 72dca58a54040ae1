"""make - the event file of records.jsonl as TensorBoard's own code writes it

usage: make.py (needs the package tensorboard; made with 2.21.0)

Writes bf16_seed1.tfevents with TensorBoard's protobuf messages and record
writer, and checks that its reader gives the records' numbers back.
"""
import json
import os
import shutil
import tempfile

from tensorboard.backend.event_processing.event_accumulator import \
    EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

HERE = os.path.dirname(os.path.abspath(__file__))
PLACE = ("step", "run", "arm", "seed", "task", "scope", "kind", "layer")


def leaves(x, path=""):
    for k, v in x.items():
        if isinstance(v, dict):
            yield from leaves(v, f"{path}{k}.")
        elif isinstance(v, (int, float)) and k not in PLACE:
            yield path + k, float(v)


def group(r):
    if "step" in r:
        return "train"
    if "task" in r:
        return f"{'eval' if 'j' in r else 'kl'}/{r['task']}"
    return f"sparsity/{r['scope']}/{r.get('kind', r.get('layer'))}"


def events(rows):
    yield Event(file_version="brain.Event:2")
    last = max(r["step"] for r in rows if "step" in r)
    steps = [r for r in rows if "step" in r]
    rest = sorted((r for r in rows if "step" not in r),
                  key=lambda r: ("kl_scores" if "kl_token" in r else
                                 "scores" if "j" in r else "sparsity",
                                 r.get("scope", "")))
    for r in steps + rest:
        step = r.get("step", last)
        yield Event(wall_time=float(step), step=step, summary=Summary(value=[
            Summary.Value(tag=f"{group(r)}/{k}", simple_value=v)
            for k, v in leaves(r)]))


def main():
    rows = [json.loads(s) for s in open(f"{HERE}/records.jsonl")]
    out = f"{HERE}/bf16_seed1.tfevents"
    with open(out, "wb") as f:
        w = RecordWriter(f)
        for e in events(rows):
            w.write(e.SerializeToString())
        w.flush()
    with tempfile.TemporaryDirectory() as t:
        shutil.copy(out, f"{t}/events.out.tfevents.0.ulp")
        a = EventAccumulator(t)
        a.Reload()
        got = [(s.step, s.value) for s in a.Scalars("train/accuracy")]
        assert [s for s, _ in got] == [0, 1, 300], got
        assert abs(got[1][1] - 0.3) < 1e-7
        assert abs(a.Scalars("kl/gsm8k/kl_token.exact")[0].value -
                   0.0123456789) < 1e-9
        print(len(a.Tags()["scalars"]), "tags")


main()
