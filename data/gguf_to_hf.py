"""gguf_to_hf - a Hugging Face directory out of a GGUF file

usage: python3 data/gguf_to_hf.py [--type bf16|fp32] FILE.gguf DIR

Reads what llama.cpp's converter makes of a model of the family llama with a
byte-level BPE tokenizer, whose text is cut as `tokenizer.ggml.pre` smollm says.
Anything else is refused by its name. Writes config.json,
generation_config.json, tokenizer.json, tokenizer_config.json (with the chat
template) and model.safetensors; the same file gives the same bytes. DIR appears
whole or not at all.

Quantised weights become fp32 by gguf's own functions, the values that
llama.cpp computes with. bf16, the default, rounds them to the nearest, ties to
even, which is the type that models are published in: then arms of every
precision begin at the same weights. Needs gguf and numpy.
"""
import argparse
import json
import os
import shutil
import struct
import sys

import numpy
from gguf import GGUFReader
from gguf.quants import dequantize

# The names of a block's tensors, and whether llama.cpp reorders their rows.
BLOCK = {
    "attn_norm": ("input_layernorm", None),
    "attn_q": ("self_attn.q_proj", "heads"),
    "attn_k": ("self_attn.k_proj", "kv_heads"),
    "attn_v": ("self_attn.v_proj", None),
    "attn_output": ("self_attn.o_proj", None),
    "ffn_norm": ("post_attention_layernorm", None),
    "ffn_gate": ("mlp.gate_proj", None),
    "ffn_up": ("mlp.up_proj", None),
    "ffn_down": ("mlp.down_proj", None),
}
WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm",
         "output": "lm_head"}
NORMAL, CONTROL = 1, 3  # token types


class Wrong(Exception):
    """One line for whoever runs this."""


class Fields:
    """The key-value pairs of a GGUF file."""

    def __init__(self, reader):
        self.fields = reader.fields

    def get(self, key, default=None):
        field = self.fields.get(key)
        return default if field is None else field.contents()

    def need(self, key, *allowed):
        value = self.get(key)
        if value is None:
            raise Wrong(f"{key} is missing")
        if allowed and value not in allowed:
            raise Wrong(f"{key} is {value!r}: only "
                        f"{' or '.join(map(repr, allowed))} is implemented")
        return value

    def real(self, key):
        """The shortest decimal number that is this fp32."""
        return float(str(numpy.float32(self.need(key))))


# ---- config.json ----

def config_of(f, tied, dtype):
    f.need("general.architecture", "llama")
    for key in f.fields:
        if key.startswith("llama.rope.scaling") or "expert" in key:
            raise Wrong(f"{key} is not implemented")
    hidden = f.need("llama.embedding_length")
    heads = f.need("llama.attention.head_count")
    dim = f.get("llama.attention.key_length", hidden // heads)
    if f.get("llama.rope.dimension_count", dim) != dim:
        raise Wrong("llama.rope.dimension_count differs from a head's size")
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": f.need("tokenizer.ggml.bos_token_id"),
        "dtype": {"bf16": "bfloat16", "fp32": "float32"}[dtype],
        "eos_token_id": f.need("tokenizer.ggml.eos_token_id"),
        "head_dim": dim,
        "hidden_act": "silu",
        "hidden_size": hidden,
        "intermediate_size": f.need("llama.feed_forward_length"),
        "max_position_embeddings": f.need("llama.context_length"),
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": heads,
        "num_hidden_layers": f.need("llama.block_count"),
        "num_key_value_heads": f.get("llama.attention.head_count_kv", heads),
        "rms_norm_eps": f.real("llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": f.real("llama.rope.freq_base"),
        "tie_word_embeddings": tied,
        "vocab_size": len(f.need("tokenizer.ggml.tokens")),
    }


def generation_of(config):
    return {"bos_token_id": config["bos_token_id"],
            "eos_token_id": config["eos_token_id"]}


# ---- the tokenizer ----

def tokenizer_of(f):
    """tokenizer.json. smollm: each digit is a piece, then GPT-2's pattern."""
    f.need("tokenizer.ggml.model", "gpt2")
    f.need("tokenizer.ggml.pre", "smollm")
    tokens = f.need("tokenizer.ggml.tokens")
    types = f.need("tokenizer.ggml.token_type")
    odd = [(t, k) for t, k in zip(tokens, types) if k not in (NORMAL, CONTROL)]
    if odd:
        raise Wrong(f"token {odd[0][0]!r} has type {odd[0][1]}: only "
                    f"{NORMAL} and {CONTROL} are implemented")
    if len(set(tokens)) != len(tokens):
        raise Wrong("tokenizer.ggml.tokens has a token twice")
    added = [dict(id=i, content=t, single_word=False, lstrip=False,
                  rstrip=False, normalized=False, special=True)
             for i, t in enumerate(tokens) if types[i] == CONTROL]
    byte_level = dict(type="ByteLevel", add_prefix_space=False,
                      trim_offsets=True, use_regex=True)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [dict(type="Digits", individual_digits=True),
                              byte_level],
        },
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {t: i for i, t in enumerate(tokens)},
            "merges": f.need("tokenizer.ggml.merges"),
        },
    }


def tokenizer_config_of(f, config):
    tokens = f.need("tokenizer.ggml.tokens")
    if f.get("tokenizer.ggml.add_bos_token", False):
        raise Wrong("tokenizer.ggml.add_bos_token is not implemented")
    out = {
        "add_prefix_space": False,
        "chat_template": f.need("tokenizer.chat_template"),
        "clean_up_tokenization_spaces": False,
        "model_max_length": config["max_position_embeddings"],
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    for name, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"),
                      ("pad", "padding")):
        i = f.get(f"tokenizer.ggml.{key}_token_id")
        if i is not None:
            out[f"{name}_token"] = tokens[i]
    return out


# ---- the weights ----

def name_of(name, config):
    """The Hugging Face name; heads whose rows are to be put back, or None."""
    stem, _, kind = name.rpartition(".")
    if kind == "weight" and stem in WHOLE:
        return f"{WHOLE[stem]}.weight", None
    word, _, rest = stem.partition(".")
    layer, _, part = rest.partition(".")
    if word != "blk" or kind != "weight" or part not in BLOCK or \
            not layer.isdigit():
        raise Wrong(f"tensor {name} is not implemented")
    theirs, heads = BLOCK[part]
    n = {"heads": config["num_attention_heads"],
         "kv_heads": config["num_key_value_heads"], None: None}[heads]
    return f"model.layers.{layer}.{theirs}.weight", n


def rows_back(x, heads):
    """llama.cpp turns neighbours by one angle, Hugging Face the halves of a
    head: row 2i + j of a head there is row i + j * half here."""
    return x.reshape(heads, -1, 2, x.shape[-1]).swapaxes(1, 2).reshape(x.shape)


def bytes_of(x, dtype):
    """Little-endian fp32, or bf16 rounded to the nearest, ties to even."""
    if dtype == "fp32":
        return x.astype("<f4").tobytes()
    u = x.astype("<f4").view("<u4")
    return ((u + 0x7fff + (u >> 16 & 1)) >> 16).astype("<u2").tobytes()


def values_of(tensor, heads):
    x = dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
    x = x.reshape([int(n) for n in reversed(tensor.shape)])
    if not numpy.isfinite(x).all():
        raise Wrong(f"tensor {tensor.name} has values that are not finite")
    return x if heads is None else rows_back(x, heads)


def write_weights(path, reader, config, dtype):
    """safetensors: 8 bytes of length, a JSON header, tensors in its order."""
    found = {}
    for t in reader.tensors:
        name, heads = name_of(t.name, config)
        found[name] = (t, heads)
    size = {"bf16": 2, "fp32": 4}[dtype]
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(found):
        tensor = found[name][0]
        n = int(numpy.prod(tensor.shape)) * size
        header[name] = {"dtype": {"bf16": "BF16", "fp32": "F32"}[dtype],
                        "shape": [int(k) for k in reversed(tensor.shape)],
                        "data_offsets": [at, at + n]}
        at += n
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(found):
            out.write(bytes_of(values_of(*found[name]), dtype))


# ---- all of it ----

def convert(path, out, dtype):
    reader = GGUFReader(path)
    f = Fields(reader)
    tied = not any(t.name == "output.weight" for t in reader.tensors)
    config = config_of(f, tied, dtype)
    files = {"config.json": config,
             "generation_config.json": generation_of(config),
             "tokenizer.json": tokenizer_of(f),
             "tokenizer_config.json": tokenizer_config_of(f, config)}
    for name, content in files.items():
        with open(os.path.join(out, name), "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2, ensure_ascii=False)
            file.write("\n")
    write_weights(os.path.join(out, "model.safetensors"), reader, config,
                  dtype)


def main():
    p = argparse.ArgumentParser(
        prog="gguf_to_hf", description="A Hugging Face directory out of a "
        "GGUF file of the family llama.")
    p.add_argument("--type", choices=("bf16", "fp32"), default="bf16",
                   help="type of the weights that are written (default bf16)")
    p.add_argument("file")
    p.add_argument("dir")
    a = p.parse_args()
    new = a.dir.rstrip("/") + ".new"
    try:
        if os.path.exists(a.dir):
            raise Wrong(f"{a.dir} exists")
        os.makedirs(new)
        try:
            convert(a.file, new, a.type)
            os.rename(new, a.dir)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as e:
        sys.exit(f"gguf_to_hf: {e}")
    except (Wrong, ValueError) as e:
        print(f"gguf_to_hf: {a.file}: {e}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
