"""checks - what a run will need, looked for before its first stage"""
import json
import os

from wrong import Wrong


def check_tools(p, kinds):
    """Programs that stages of these kinds will start."""
    import shutil
    if "analysis" in kinds and not shutil.which("gnuplot"):
        raise Wrong("gnuplot is not installed, and the plots need it: "
                    "make deps installs it")
    if "eval" in kinds and any(t.verifier == "code" for t in p.tasks) and \
            not shutil.which("bwrap"):
        raise Wrong("bubblewrap (bwrap) is not installed, and the sandbox of "
                    "model-written code needs it: make deps installs it, and "
                    "SANDBOX=0 leaves those tasks out")


def check_arms(p, state_dir):
    """Factors and their values, by the program that reads them."""
    import subprocess
    probe = f"{state_dir}/probe"
    os.makedirs(probe, exist_ok=True)
    with open(f"{probe}/config.json", "w") as f:
        json.dump(dict(model_type="qwen2", architectures=["Qwen2ForCausalLM"],
                       vocab_size=8, hidden_size=8, num_hidden_layers=1,
                       num_attention_heads=1, num_key_value_heads=1,
                       intermediate_size=8, max_position_embeddings=8,
                       rms_norm_eps=1e-6, rope_theta=10000.0,
                       tie_word_embeddings=True), f)
    for a in [*p.arms, *(a for t in p.table_arms.values() for a in t)]:
        done = subprocess.run(
            [f"{p.BIN}/dapo-step", "--plan", "--device", "cpu", "--model",
             probe, "--arm", a.factors], capture_output=True, text=True,
            check=False)
        if done.returncode:
            raise Wrong(f"ARMS: {a.factors}: " +
                        done.stderr.strip().split("\n")[0])
