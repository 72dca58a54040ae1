"""make_model_fixtures - small random Qwen2 models and what transformers and
torch autograd say of them.

    python make_model_fixtures.py        (needs torch, transformers)

Writes NAME/ (config.json, model.safetensors in bf16) and
NAME/expected.safetensors (reference.py).
"""
import os
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM
from reference import random_weights, write_expected

HERE = os.path.dirname(os.path.abspath(__file__))
LENGTHS = [1, 2, 17, 33, 300]
MODELS = {
    "untied": dict(num_attention_heads=4, num_key_value_heads=2,
                   rope_theta=1e4, tie_word_embeddings=False, hidden_size=24,
                   eos_token_id=47),
    "tied": dict(num_attention_heads=3, num_key_value_heads=1,
                 rope_theta=1e6, tie_word_embeddings=True, hidden_size=24,
                 eos_token_id=[1, 47]),
}


def make(name, seed, kw):
    out = os.path.join(HERE, name)
    theta = kw.pop("rope_theta")
    config = Qwen2Config(vocab_size=48, intermediate_size=40,
                         num_hidden_layers=2, max_position_embeddings=512,
                         rms_norm_eps=1e-6, attn_implementation="eager",
                         rope_parameters={"rope_type": "default",
                                          "rope_theta": theta}, **kw)
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(config)
    random_weights(model)
    model = model.to(torch.bfloat16)
    model.generation_config.eos_token_id = config.eos_token_id
    model.save_pretrained(out)
    write_expected(out, Qwen2ForCausalLM, LENGTHS, 48, seed)


for i, (name, kw) in enumerate(MODELS.items()):
    make(name, i + 1, dict(kw))
