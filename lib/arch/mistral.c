/* mistral - Mistral without a window: positions are as many as it spans, or
 * there is none
 */
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
    {"sliding_window", WRITE_NULL, 1, NULL}, /* check() looks at it */
};

/* Each position attends to the last `window` ones: to all where there are no
 * more. Absent means 4096, null that there is none. */
static int check(const struct config *c, const json_t *o, const char *where,
                 struct err *e)
{
    const json_t *v = json_object_get(o, "sliding_window");
    json_int_t window = v ? json_integer_value(v) : 4096;

    if (v && (json_is_null(v) || json_is_false(v)))
        return 0;
    if (v && !json_is_integer(v))
        return err_set(e, ERR_DATA, "%s: sliding_window is no whole number",
                       where);
    if (window >= c->max_pos)
        return 0;
    return err_set(e, ERR_DATA,
                   "%s: sliding_window is %lld and "
                   "max_position_embeddings %d: windows are not implemented; "
                   "with max_position_embeddings %lld none acts, for texts of "
                   "up to so many tokens",
                   where, (long long)window, c->max_pos, (long long)window);
}

const struct arch arch_mistral = {
    .model_type = "mistral",
    .architecture = "MistralForCausalLM",
    .defaults = {.kv_heads = 8,
                 .max_pos = 131072,
                 .rope_theta = 10000,
                 .rms_eps = 1e-6,
                 .n_eos = 1,
                 .eos = {2}},
    ARCH_TENSORS(tensors),
    ARCH_MEMBERS(members),
    .check = check,
};
