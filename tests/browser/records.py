"""records - an experiment's records whose numbers are known, for the page

usage: records.py DIR SEEDS DRAWS STEPS QUESTIONS TEXT_BYTES

Writes DIR/RUN.jsonl (scores, KL scores, sparsity, metrics) for the base and the
arms fp32, bf16 and bf16-mixed, DIR/eval/RUN/TASK.responses.msgpack.zst (JSON
lines, which the programs take as well) of the base and of the first seed of each
arm, and DIR/tasks.json. QUESTIONS: questions of each task, divided by commas.
"""
import json
import os
import random
import re
import sys

ARMS = ("fp32", "bf16", "bf16-mixed")
TASKS = ("dm_val", "aime24", "aime25", "amc23", "math500", "gsm8k", "mmlu_stem")
PARTS = ("q", "k", "v", "o", "gate", "up", "down", "norm")
HOSTILE = "</script><img src=x onerror=\"document.title='taken'\"> & <b>bold</b>"


def metric(arm, seed, draw, step):
    """Metrics of a step; reward_mean is known to the test."""
    a, r = ARMS.index(arm), random.Random(f"{arm} {seed} {draw} {step}")
    m = {"step": step, "reward_mean": reward(arm, seed, draw, step)}
    for k in ("accuracy", "entropy", "approx_kl", "clip_low", "clip_high",
              "grad_norm", "changed_fraction", "loss", "mismatch_kl",
              "mismatch_dp_mean", "mismatch_k3", "mismatch_chi2",
              "response_length_mean"):
        m[k] = r.random() * (a + 1)
    for k in ("rollouts", "groups_kept", "groups_dropped", "tokens"):
        m[k] = r.randrange(100, 1000)
    return {**m, "clip_dual": 0.0, "groups_missing": 0, "updates": 2,
            "skipped_updates": 0, "mismatch_ess": 1.0, "lr": 1e-4}


def reward(arm, seed, draw, step):
    return ARMS.index(arm) + seed / 8 + draw / 64 + step / 1024


def right(arm, seed, draw, task, q, sample):
    """Is a sample right? At question 3 the base never is and an arm always."""
    if q == 3:
        return arm != "base"
    p = .3 if arm == "base" else .4 + .05 * ARMS.index(arm)
    return random.Random(f"{arm} {seed} {draw} {task} {q} {sample}").random() \
        < p


def text(task, q, arm, sample, size):
    s = f"{arm} says to {task} {q}.{sample}: " + (HOSTILE if q == 3 else "so")
    return (s + " it goes on" * (size // 11))[:max(size, len(s))]


def run_records(arm, seed, draw, steps, questions):
    where = {"arm": arm, "seed": seed}
    if draw:
        where["draw"] = draw
    name = f"{arm}_seed{seed}" + (f"_draw{draw}" if draw else "")
    where["run"] = name
    out = []
    for task, n in zip(TASKS, questions):
        correct = [sum(right(arm, seed, draw, task, q, s)
                       for s in range(2)) for q in range(n)]
        even = [right(arm, seed, draw, task, q, 0) for q in range(n)]
        j, je = sum(correct) / (2 * n), sum(even) / n
        out.append({"task": task, "n_questions": n, "n_samples": 2 * n, "j": j,
                    "se": .02, "var_eval": 1e-5, "pass_at_1": j, "n": 2,
                    "pass_at_n": j, "j_even": je, "j_odd": 2 * j - je,
                    "ids": [f"{task}/{q}" for q in range(n)],
                    "samples": [2] * n, "correct": correct, **where})
        if arm != "base":
            r = random.Random(f"{arm} {seed} {draw} {task} kl").random()
            kl = (1 + ARMS.index(arm)) * .01 * (1 + r)
            out.append({"task": task, "n_questions": n,
                        "kl_token": {"exact": kl}, **where})
    if arm == "base":
        return name, out
    for layer in range(-1, 4):
        for part in PARTS if layer >= 0 else ("embed",):
            out.append({"scope": "tensor", "kind": part,
                        **({"layer": layer} if layer >= 0 else {}), "n": 1000,
                        "unchanged": 100 * (layer + 2), "non_finite": 0,
                        "sparsity": .1 * (layer + 2), **where})
        if layer >= 0:
            out.append({"scope": "layer", "layer": layer, "n": 8000,
                        "unchanged": 800 * (layer + 2), "non_finite": 0,
                        "sparsity": .1 * (layer + 2), **where})
    out += [{"scope": "kind", "kind": part, "n": 4000, "unchanged": 1000,
             "non_finite": 0, "sparsity": .25, **where} for part in PARTS]
    out.append({"scope": "total", "n": 1, "unchanged": 0, "non_finite": 0,
                "sparsity": .3, **where})
    out += [{**metric(arm, seed, draw, s), **where} for s in range(steps)]
    return name, out


def page_data(path):
    """The numbers in a report.html, its large parts by their names."""
    with open(path) as f:
        parts = re.findall(r'<script type="application/json" id="data(?:-(\w+))'
                           r'?">(.*?)</script>', f.read(), re.S)
    data = {}
    for name, text in parts:
        data.update({name: json.loads(text)} if name else json.loads(text))
    return data


def main(into, seeds, draws, steps, questions, size):
    seeds, draws, steps, size = int(seeds), int(draws), int(steps), int(size)
    questions = [int(q) for q in questions.split(",")]
    os.makedirs(into, exist_ok=True)
    for arm in ("base", *ARMS):
        for seed in range(1, seeds + 1):
            for draw in range(draws if arm != "base" else 1):
                name, rows = run_records(arm, seed, draw, steps, questions)
                with open(f"{into}/{name}.jsonl", "w") as f:
                    f.writelines(json.dumps(r) + "\n" for r in rows)
        folder = f"{into}/eval/{arm}_seed1"
        os.makedirs(folder, exist_ok=True)
        for task, n in zip(TASKS, questions):
            with open(f"{folder}/{task}.responses.msgpack.zst", "w") as f:
                for q in range(n):
                    for s in range(2):
                        f.write(json.dumps({
                            "id": f"{task}/{q}", "task": task, "sample": s,
                            "prompt": f"What is {q} of {task}?",
                            "answer": str(q),
                            "correct": right(arm, 1, 0, task, q, s),
                            "response": text(task, q, arm, s, size)}) + "\n")
    with open(f"{into}/tasks.json", "w") as f:
        json.dump({"tasks": [{"name": t, "role": "off" if i else "on"}
                             for i, t in enumerate(TASKS)]}, f)


if __name__ == "__main__":
    main(*sys.argv[1:])
