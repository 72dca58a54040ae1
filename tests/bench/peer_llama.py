"""peer_llama - llama.cpp (llama-cpp-python) as a peer of rollout

Its GGUF file is made here of a Hugging Face directory of the family llama, with
the weights in fp32 or bf16 and without a tokenizer. Everything else is what
llama.cpp does unless told otherwise: KV cache in fp16, its choice of attention.
A group's prompt is decoded once and its cache copied to each sample's.
"""
import json
import os

import gguf
import llama_cpp as L
import numpy
from gguf import GGMLQuantizationType as Q

NAME = f"llama.cpp (llama-cpp-python {L.__version__})"
# of a layer: their name, the Hugging Face name, what counts the heads whose rows
# llama.cpp has in another order
BLOCK = (("attn_norm", "input_layernorm", None),
         ("attn_q", "self_attn.q_proj", "num_attention_heads"),
         ("attn_k", "self_attn.k_proj", "num_key_value_heads"),
         ("attn_v", "self_attn.v_proj", None),
         ("attn_output", "self_attn.o_proj", None),
         ("ffn_norm", "post_attention_layernorm", None),
         ("ffn_gate", "mlp.gate_proj", None),
         ("ffn_up", "mlp.up_proj", None),
         ("ffn_down", "mlp.down_proj", None))


# ---- its file ----

class Weights:
    """Tensors of DIR/model.safetensors, as fp32."""

    def __init__(self, dir_):
        self.path = os.path.join(dir_, "model.safetensors")
        with open(self.path, "rb") as f:
            n = int.from_bytes(f.read(8), "little")
            self.header, self.at = json.loads(f.read(n)), 8 + n

    def get(self, name):
        t = self.header[name + ".weight"]
        at, end = t["data_offsets"]
        raw = numpy.fromfile(self.path, numpy.uint8, end - at,
                             offset=self.at + at)
        if t["dtype"] == "BF16":
            x = (raw.view("<u2").astype("<u4") << 16).view("<f4")
        elif t["dtype"] == "F32":
            x = raw.view("<f4")
        else:
            raise ValueError(f"{name}: {t['dtype']} is not implemented")
        return x.reshape(t["shape"])


def rows_of_pairs(x, heads):
    """llama.cpp turns neighbours by one angle, Hugging Face the halves of a
    head: row i + j * half of a head there is row 2i + j here."""
    return x.reshape(heads, 2, -1, x.shape[-1]).swapaxes(1, 2).reshape(x.shape)


def describe(w, c):
    heads = c["num_attention_heads"]
    w.add_vocab_size(c["vocab_size"])
    w.add_tokenizer_model("no_vocab")
    w.add_context_length(c["max_position_embeddings"])
    w.add_embedding_length(c["hidden_size"])
    w.add_block_count(c["num_hidden_layers"])
    w.add_feed_forward_length(c["intermediate_size"])
    w.add_head_count(heads)
    w.add_head_count_kv(c["num_key_value_heads"])
    w.add_rope_dimension_count(c.get("head_dim", c["hidden_size"] // heads))
    w.add_rope_freq_base(c.get("rope_theta", 10000.0))
    w.add_layer_norm_rms_eps(c["rms_norm_eps"])


def write_gguf(dir_, path, type_):
    with open(os.path.join(dir_, "config.json")) as f:
        c = json.load(f)
    if c["model_type"] != "llama" or c.get("rope_scaling"):
        raise ValueError(f"{c['model_type']} is not implemented here, only "
                         "llama without rope_scaling")
    weights, w = Weights(dir_), gguf.GGUFWriter(path, "llama")
    describe(w, c)

    def put(theirs, name, heads=None):
        x = weights.get(name)
        if heads:
            x = rows_of_pairs(x, c[heads])
        q = Q.BF16 if type_ == "bf16" and x.ndim > 1 else Q.F32
        w.add_tensor(theirs + ".weight", gguf.quants.quantize(
            numpy.ascontiguousarray(x, numpy.float32), q), raw_dtype=q)

    put("token_embd", "model.embed_tokens")
    put("output_norm", "model.norm")
    if not c.get("tie_word_embeddings"):
        put("output", "lm_head")
    for i in range(c["num_hidden_layers"]):
        for theirs, name, heads in BLOCK:
            put(f"blk.{i}.{theirs}", f"model.layers.{i}.{name}", heads)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


# ---- the peer ----

class Peer:
    def __init__(self, dir_, type_, threads, tmp):
        path = os.path.join(tmp, f"{type_}.gguf")
        write_gguf(dir_, path, type_)
        self.log = L.llama_log_callback(lambda level, text, user: None)
        L.llama_log_set(self.log, None)
        L.llama_backend_init()
        p = L.llama_model_default_params()
        p.n_gpu_layers = 0
        self.model = L.llama_model_load_from_file(path.encode(), p)
        if not self.model:
            raise RuntimeError("llama.cpp cannot read its file")
        self.n_vocab = L.llama_vocab_n_tokens(
            L.llama_model_get_vocab(self.model))
        self.threads, self.ctx, self.shape = threads, None, None

    def prepare(self, prompts, samples, n_new):
        """A context with room for these."""
        shape = (sum(map(len, prompts)) + len(prompts) * samples * n_new,
                 len(prompts) * samples)
        if shape == self.shape:
            return
        if self.ctx:
            L.llama_free(self.ctx)
        p = L.llama_context_default_params()
        p.n_ctx = shape[0] + 256
        p.n_batch = max(2048, max(map(len, prompts)))
        p.n_seq_max = shape[1]
        p.kv_unified = True  # copies of a prompt's cache are then free
        p.n_threads = p.n_threads_batch = self.threads
        self.ctx = L.llama_init_from_model(self.model, p)
        if not self.ctx:
            raise RuntimeError("llama.cpp makes no context")
        self.n_batch, self.shape = p.n_batch, shape

    def decode(self, rows):
        """rows: token, position, sequence, whether its logits are wanted."""
        b = L.llama_batch_init(len(rows), 0, 1)
        b.n_tokens = len(rows)
        for i, (token, pos, seq, wanted) in enumerate(rows):
            b.token[i], b.pos[i], b.logits[i] = token, pos, wanted
            b.n_seq_id[i], b.seq_id[i][0] = 1, seq
        r = L.llama_decode(self.ctx, b)
        L.llama_batch_free(b)
        if r:
            raise RuntimeError(f"llama_decode gives {r}")

    def chain(self, greedy, seed):
        c = L.llama_sampler_chain_init(L.llama_sampler_chain_default_params())
        L.llama_sampler_chain_add(c, L.llama_sampler_init_greedy() if greedy
                                  else L.llama_sampler_init_dist(seed))
        return c

    def prefill(self, prompts, samples):
        """Where the logits of each prompt's last token are, and the batch that
        they are of: the last one. Prompts go in one batch where they fit."""
        rows = [(t, i, k * samples, i == len(p) - 1)
                for k, p in enumerate(prompts) for i, t in enumerate(p)]
        if len(rows) > self.n_batch:
            raise RuntimeError("more prompt tokens than a batch")
        self.decode(rows)
        memory = L.llama_get_memory(self.ctx)
        for k in range(len(prompts)):
            for s in range(1, samples):
                L.llama_memory_seq_cp(memory, k * samples, k * samples + s, -1,
                                      -1)
        return [i for i, row in enumerate(rows) if row[3]]

    def run(self, prompts, samples, n_new, greedy=False):
        """The new tokens of each sequence."""
        self.prepare(prompts, samples, n_new)
        L.llama_memory_clear(L.llama_get_memory(self.ctx), True)
        n = len(prompts) * samples
        chains = [self.chain(greedy, 7 + s) for s in range(n)]
        made = [[] for _ in range(n)]
        at = [i for i in self.prefill(prompts, samples)
              for _ in range(samples)]
        for k in range(n_new):
            for s in range(n):
                made[s].append(L.llama_sampler_sample(chains[s], self.ctx,
                                                      at[s]))
            if k + 1 < n_new:
                self.decode([(made[s][-1], len(prompts[s // samples]) + k, s,
                              1) for s in range(n)])
                at = range(n)
        for c in chains:
            L.llama_sampler_free(c)
        return made
