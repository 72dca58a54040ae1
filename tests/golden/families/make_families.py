"""make_families - small random models of each family, as transformers saves
them, and what transformers and torch autograd say of them in float64.

    python make_families.py [NAME ...]      (needs torch, transformers; made
                                             with transformers 5.24)

Writes NAME/ (config.json, generation_config.json, safetensors in one file or
in shards) and NAME/expected.safetensors (../model/reference.py).
"""
import json
import os
import sys
import torch
import transformers as hf
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "model"))
from reference import random_weights, write_expected  # noqa: E402

LENGTHS = [1, 2, 17, 33, 130]
VOCAB = 40
LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0,
          "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
# class, dtype, members of the configuration; shards: largest size of one;
# eos: end tokens of generation_config.json; head: the type in which lm_head is
# stored where it is another
MODELS = {
    "llama": ("Llama", "float32", dict(num_key_value_heads=2), {}),
    "llama3_tied": ("Llama", "bfloat16", dict(
        num_key_value_heads=1, tie_word_embeddings=True,
        rope_parameters=LLAMA3, bos_token_id=0, eos_token_id=[3, 39]),
        dict(eos=[3, 5, 39])),
    "llama_sharded": ("Llama", "bfloat16", dict(head_dim=6, rms_norm_eps=1e-5),
                      dict(shards="4KB")),
    "llama_head_fp32": ("Llama", "bfloat16", {}, dict(head="float32")),
    "llama_tied_head": ("Llama", "bfloat16",
                        dict(tie_word_embeddings=True),
                        dict(head="float32")),
    "mistral": ("Mistral", "bfloat16", dict(
        num_key_value_heads=2, head_dim=8, sliding_window=None), {}),
    "mistral_tied": ("Mistral", "float32", dict(
        num_key_value_heads=1, sliding_window=None, tie_word_embeddings=True),
        dict(shards="6KB")),
    "qwen3": ("Qwen3", "bfloat16", dict(num_key_value_heads=2, head_dim=10),
              {}),
    "qwen3_tied": ("Qwen3", "float32", dict(
        num_key_value_heads=1, head_dim=4, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
        dict(eos=[1, 2])),
    "qwen3_sharded": ("Qwen3", "bfloat16", dict(
        num_key_value_heads=4, head_dim=8, rms_norm_eps=1e-5),
        dict(shards="4KB")),
    "qwen2_sharded": ("Qwen2", "bfloat16", dict(num_key_value_heads=2),
                      dict(shards="4KB", head="float32")),
}


def store_head(out, dtype):
    """lm_head.weight of its own type: of an untied model, or the embedding
    once more."""
    index = os.path.join(out, "model.safetensors.index.json")
    name = "model.safetensors"
    if os.path.exists(index):
        with open(index) as f:
            where = json.load(f)["weight_map"]
        name = where.get("lm_head.weight") or where["model.embed_tokens.weight"]
    path = os.path.join(out, name)
    tensors = load_file(path)
    head = tensors.get("lm_head.weight", tensors.get("model.embed_tokens.weight"))
    tensors["lm_head.weight"] = head.to(dtype).clone()
    save_file(tensors, path, metadata={"format": "pt"})


def make(name, seed):
    family, dtype, members, how = MODELS[name]
    out = os.path.join(HERE, name)
    dtype = getattr(torch, dtype)
    members = dict(dict(vocab_size=VOCAB, hidden_size=16, intermediate_size=24,
                        num_hidden_layers=2, num_attention_heads=4,
                        max_position_embeddings=256,
                        attn_implementation="eager", bos_token_id=0,
                        eos_token_id=1), **members)
    config = getattr(hf, family + "Config")(**members)
    kind = getattr(hf, family + "ForCausalLM")
    torch.manual_seed(seed)
    model = kind(config)
    random_weights(model)
    model = model.to(dtype)
    model.generation_config.eos_token_id = how.get("eos", config.eos_token_id)
    model.save_pretrained(out, max_shard_size=how.get("shards", "1GB"))
    if "head" in how:
        store_head(out, getattr(torch, how["head"]))
    write_expected(out, kind, LENGTHS, VOCAB, seed)


for i, model_name in enumerate(MODELS):
    if not sys.argv[1:] or model_name in sys.argv[1:]:
        make(model_name, i + 1)
