/* qwen2 - Qwen2 and Qwen2.5: biases on q, k and v */
#include "arch.h"

static const struct arch_tensor tensors[] = {
    {ROLE_EMBED, KIND_EMBED, "model.embed_tokens.weight", DIM_VOCAB,
     DIM_HIDDEN},
    {ROLE_ATTN_NORM, KIND_NORM, "input_layernorm.weight", DIM_HIDDEN, 0},
    {ROLE_QKV, KIND_Q, "self_attn.q_proj.weight", DIM_Q, DIM_HIDDEN},
    {ROLE_QKV, KIND_K, "self_attn.k_proj.weight", DIM_KV, DIM_HIDDEN},
    {ROLE_QKV, KIND_V, "self_attn.v_proj.weight", DIM_KV, DIM_HIDDEN},
    {ROLE_QKV_BIAS, KIND_BIAS, "self_attn.q_proj.bias", DIM_Q, 0},
    {ROLE_QKV_BIAS, KIND_BIAS, "self_attn.k_proj.bias", DIM_KV, 0},
    {ROLE_QKV_BIAS, KIND_BIAS, "self_attn.v_proj.bias", DIM_KV, 0},
    {ROLE_ATTN_OUT, KIND_O, "self_attn.o_proj.weight", DIM_HIDDEN, DIM_Q},
    {ROLE_MLP_NORM, KIND_NORM, "post_attention_layernorm.weight", DIM_HIDDEN,
     0},
    {ROLE_GATE_UP, KIND_GATE, "mlp.gate_proj.weight", DIM_FFN, DIM_HIDDEN},
    {ROLE_GATE_UP, KIND_UP, "mlp.up_proj.weight", DIM_FFN, DIM_HIDDEN},
    {ROLE_DOWN, KIND_DOWN, "mlp.down_proj.weight", DIM_HIDDEN, DIM_FFN},
    {ROLE_FINAL_NORM, KIND_NORM, "model.norm.weight", DIM_HIDDEN, 0},
    {ROLE_HEAD, KIND_HEAD, "lm_head.weight", DIM_VOCAB, DIM_HIDDEN},
};

static const struct arch_member members[] = {
    {"use_sliding_window", WRITE_FALSE, 0, "false (attention has no window)"},
    {"sliding_window", WRITE_NULL, 1, NULL}, /* only with the member above */
};

const struct arch arch_qwen2 = {
    .model_type = "qwen2",
    .architecture = "Qwen2ForCausalLM",
    .defaults = {.max_pos = 32768, .rope_theta = 10000, .rms_eps = 1e-6},
    ARCH_TENSORS(tensors),
    ARCH_MEMBERS(members),
};
