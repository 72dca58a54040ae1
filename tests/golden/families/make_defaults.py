"""make_defaults - config.json of each family as transformers writes it by
default: defaults/NAME.json

    python make_defaults.py      (needs transformers; made with 5.24)
"""
import os
import shutil
import tempfile
import transformers as hf

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "defaults")
os.makedirs(OUT, exist_ok=True)
for name in ("Llama", "Mistral", "Qwen2", "Qwen3"):
    with tempfile.TemporaryDirectory() as tmp:
        getattr(hf, name + "Config")(
            architectures=[name + "ForCausalLM"], dtype="bfloat16"
        ).save_pretrained(tmp)
        shutil.copy(os.path.join(tmp, "config.json"),
                   os.path.join(OUT, name.lower() + ".json"))
