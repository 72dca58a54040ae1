/* llama - Llama 2 and 3: no biases; positions of 3.1 and later are scaled
 * (rope_type llama3) */
#include "arch.h"

static const struct arch_tensor tensors[] = {
    {ROLE_EMBED, KIND_EMBED, "model.embed_tokens.weight", DIM_VOCAB,
     DIM_HIDDEN},
    {ROLE_ATTN_NORM, KIND_NORM, "input_layernorm.weight", DIM_HIDDEN, 0},
    {ROLE_QKV, KIND_Q, "self_attn.q_proj.weight", DIM_Q, DIM_HIDDEN},
    {ROLE_QKV, KIND_K, "self_attn.k_proj.weight", DIM_KV, DIM_HIDDEN},
    {ROLE_QKV, KIND_V, "self_attn.v_proj.weight", DIM_KV, DIM_HIDDEN},
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
    {"attention_bias", WRITE_FALSE, 0,
     "false (biases on q, k and v are the family qwen2's)"},
    {"mlp_bias", WRITE_FALSE, 0, "false"},
    {"pretraining_tp", WRITE_NOTHING, 1, NULL}, /* how it was trained */
};

const struct arch arch_llama = {
    .model_type = "llama",
    .architecture = "LlamaForCausalLM",
    .defaults = {.max_pos = 2048,
                 .rope_theta = 10000,
                 .rms_eps = 1e-6,
                 .n_eos = 1,
                 .eos = {2}},
    ARCH_TENSORS(tensors),
    ARCH_MEMBERS(members),
};
