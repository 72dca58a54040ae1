/* config - config.json of a Qwen2 model, read and written */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/digests.h"
#include "../base/json.h"
#include "config.h"

/* What a member must be when it is there; anything else changes the
 * mathematics in a way that is not implemented. */
static int refuse(const json_t *v, const char *where, const char *key,
                  const char *expected, struct err *e)
{
    char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    int r = err_set(e, ERR_DATA, "%s: %s is %.200s: only %s is implemented",
                    where, key, text ? text : "?", expected);

    free(text);
    return r;
}

static int is_null(const json_t *v)
{
    return !v || json_is_null(v);
}

static int must_be_str(const json_t *o, const char *where, const char *key,
                       const char *want, struct err *e)
{
    const json_t *v = json_object_get(o, key);
    const char *s = json_string_value(v);

    return is_null(v) || (s && !strcmp(s, want))
               ? 0
               : refuse(v, where, key, want, e);
}

static int must_be_absent(const json_t *o, const char *where,
                          const char *key, struct err *e)
{
    const json_t *v = json_object_get(o, key);

    return is_null(v) || json_is_false(v)
               ? 0
               : refuse(v, where, key, "null", e);
}

static int check_strings(const json_t *o, const char *where, const char *key,
                         const char *want, struct err *e)
{
    const json_t *v = json_object_get(o, key), *item;
    size_t i;

    if (is_null(v))
        return 0;
    if (!json_is_array(v))
        return refuse(v, where, key, want, e);
    json_array_foreach(v, i, item)
        if (!json_is_string(item) || strcmp(json_string_value(item), want))
            return refuse(v, where, key, want, e);
    return 0;
}

static int check_supported(const json_t *o, const char *where, struct err *e)
{
    static const char *const absent[] = {
        "rope_scaling", "use_sliding_window", "quantization_config",
        "num_experts", "num_local_experts", "mlp_bias", "use_qk_norm",
        "partial_rotary_factor", "logit_scale", "final_logit_softcapping",
        "attn_logit_softcapping", "is_encoder_decoder", "use_mrope",
    };
    int r = 0;

    if (!json_is_string(json_object_get(o, "model_type")))
        return err_set(e, ERR_DATA, "%s: model_type is missing", where);
    r = must_be_str(o, where, "model_type", "qwen2", e);
    if (!r)
        r = check_strings(o, where, "architectures", "Qwen2ForCausalLM", e);
    if (!r)
        r = must_be_str(o, where, "hidden_act", "silu", e);
    if (!r)
        r = check_strings(o, where, "layer_types", "full_attention", e);
    for (size_t i = 0; !r && i < sizeof absent / sizeof absent[0]; i++)
        r = must_be_absent(o, where, absent[i], e);
    return r;
}

/* A positive int; *out is left alone when absent and not required. */
static int get_size(const json_t *o, const char *where, const char *key,
                    int required, int *out, struct err *e)
{
    int64_t v = *out;
    int r = json_get_i64(o, where, key, required, &v, e);

    if (r < 0)
        return r;
    if (v < 1 || v > INT_MAX)
        return err_set(e, ERR_DATA, "%s: %s is %lld, expected 1 to %d",
                       where, key, (long long)v, INT_MAX);
    *out = (int)v;
    return 0;
}

static int get_sizes(struct config *c, const json_t *o, const char *where,
                     struct err *e)
{
    int r = get_size(o, where, "hidden_size", 1, &c->hidden, e);

    if (!r)
        r = get_size(o, where, "num_hidden_layers", 1, &c->layers, e);
    if (!r)
        r = get_size(o, where, "num_attention_heads", 1, &c->heads, e);
    if (!r)
        r = get_size(o, where, "intermediate_size", 1, &c->ffn, e);
    if (!r)
        r = get_size(o, where, "vocab_size", 1, &c->vocab, e);
    if (r)
        return r;
    c->kv_heads = c->heads;
    c->max_pos = 32768; /* transformers' default */
    c->head_dim = c->hidden / c->heads ? c->hidden / c->heads : 1;
    r = get_size(o, where, "num_key_value_heads", 0, &c->kv_heads, e);
    if (!r)
        r = get_size(o, where, "max_position_embeddings", 0, &c->max_pos, e);
    if (!r && is_null(json_object_get(o, "head_dim")) &&
        c->hidden % c->heads)
        return err_set(e, ERR_DATA, "%s: hidden_size %d is no multiple of "
                       "num_attention_heads %d", where, c->hidden, c->heads);
    if (!r)
        r = get_size(o, where, "head_dim", 0, &c->head_dim, e);
    return r;
}

/* rope_theta at the top, or in transformers 5's rope_parameters. */
static int get_rope(struct config *c, const json_t *o, const char *where,
                    struct err *e)
{
    const json_t *p = json_object_get(o, "rope_parameters");
    char inner[4200];
    int r;

    c->rope_theta = 10000;
    r = json_get_f64(o, where, "rope_theta", 0, &c->rope_theta, e);
    if (r < 0 || is_null(p))
        return r;
    snprintf(inner, sizeof inner, "%s: rope_parameters", where);
    r = json_get_f64(p, inner, "rope_theta", 0, &c->rope_theta, e);
    if (!r)
        r = must_be_str(p, inner, "rope_type", "default", e);
    if (!r)
        r = must_be_absent(p, inner, "factor", e);
    if (!r)
        r = must_be_absent(p, inner, "partial_rotary_factor", e);
    return r;
}

static int add_eos(struct config *c, const json_t *v, const char *where,
                   struct err *e)
{
    json_int_t id = json_integer_value(v);

    if (!json_is_integer(v) || id < 0 || id > INT_MAX)
        return refuse(v, where, "eos_token_id", "an id or a list of ids", e);
    for (int i = 0; i < c->n_eos; i++)
        if (c->eos[i] == id)
            return 0;
    if (c->n_eos == CONFIG_MAX_EOS)
        return err_set(e, ERR_DATA, "%s: eos_token_id: more than %d ids",
                       where, CONFIG_MAX_EOS);
    c->eos[c->n_eos++] = (int32_t)id;
    return 0;
}

static int get_eos(struct config *c, const json_t *o, const char *where,
                   struct err *e)
{
    const json_t *v = json_object_get(o, "eos_token_id"), *item;
    size_t i;
    int r = 0;

    if (is_null(v))
        return 0;
    if (!json_is_array(v))
        return add_eos(c, v, where, e);
    json_array_foreach(v, i, item)
        if (!r)
            r = add_eos(c, item, where, e);
    return r;
}

/* "torch_dtype", or "dtype" as transformers 5 calls it. */
static int get_dtype(struct config *c, const json_t *o, const char *where,
                     struct err *e)
{
    const char *s = "float32";
    int r = json_get_str(o, where, "torch_dtype", 0, &s, e);

    if (!r)
        r = json_get_str(o, where, "dtype", 0, &s, e);
    if (r)
        return r;
    if (!strcmp(s, "float32"))
        c->file_dtype = DT_F32;
    else if (!strcmp(s, "bfloat16"))
        c->file_dtype = DT_BF16;
    else if (!strcmp(s, "float16"))
        c->file_dtype = DT_F16;
    else
        return err_set(e, ERR_DATA, "%s: dtype is %s: only float32, bfloat16 "
                       "and float16 are implemented", where, s);
    return 0;
}

int config_check(const struct config *c, const char *where, struct err *e)
{
    int64_t width = (int64_t)c->heads * c->head_dim;

    if (c->hidden < 1 || c->layers < 1 || c->heads < 1 || c->kv_heads < 1 ||
        c->head_dim < 1 || c->ffn < 1 || c->vocab < 1 || c->max_pos < 1)
        return err_set(e, ERR_DATA, "%s: a size is below 1", where);
    if (c->hidden > 1 << 20 || c->ffn > 1 << 22 || c->vocab > 1 << 24 ||
        c->layers > 4096 || width > 1 << 20 || c->max_pos > 1 << 24)
        return err_set(e, ERR_DATA, "%s: a size is beyond any model "
                       "(hidden %d, ffn %d, vocab %d, layers %d)", where,
                       c->hidden, c->ffn, c->vocab, c->layers);
    if (c->heads % c->kv_heads)
        return err_set(e, ERR_DATA, "%s: num_attention_heads %d is no "
                       "multiple of num_key_value_heads %d", where, c->heads,
                       c->kv_heads);
    if (c->head_dim % 2)
        return err_set(e, ERR_DATA, "%s: head_dim %d is odd", where,
                       c->head_dim);
    if (!(c->rope_theta > 0 && c->rope_theta < 1e30))
        return err_set(e, ERR_DATA, "%s: rope_theta is %g", where,
                       c->rope_theta);
    if (!(c->attention_dropout >= 0 && c->attention_dropout < 1))
        return err_set(e, ERR_DATA, "%s: attention_dropout is %g, expected "
                       "a probability below 1", where,
                       c->attention_dropout);
    if (!(c->rms_eps >= 0 && c->rms_eps < 1))
        return err_set(e, ERR_DATA, "%s: rms_norm_eps is %g", where,
                       c->rms_eps);
    for (int i = 0; i < c->n_eos; i++)
        if (c->eos[i] >= c->vocab)
            return err_set(e, ERR_DATA, "%s: eos_token_id %d is outside the "
                           "vocabulary of %d", where, (int)c->eos[i],
                           c->vocab);
    return 0;
}

static int from_json(struct config *c, const json_t *o, const char *where,
                     struct err *e)
{
    int r = check_supported(o, where, e);

    c->qkv_bias = 1;
    c->rms_eps = 1e-6;
    if (!r)
        r = get_sizes(c, o, where, e);
    if (!r)
        r = json_get_f64(o, where, "rms_norm_eps", 0, &c->rms_eps, e);
    if (!r)
        r = json_get_f64(o, where, "attention_dropout", 0,
                         &c->attention_dropout, e);
    if (!r)
        r = json_get_bool(o, where, "tie_word_embeddings", 0, &c->tied, e);
    if (!r)
        r = get_rope(c, o, where, e);
    if (!r)
        r = get_dtype(c, o, where, e);
    if (!r)
        r = get_eos(c, o, where, e);
    return r;
}

/* The end tokens of generation_config.json, where it is there. */
static int read_generation(struct config *c, const char *dir, struct err *e)
{
    char path[4200];
    json_t *o = NULL;
    int r = digests_json(&o, dir, "generation_config.json", e);

    snprintf(path, sizeof path, "%s/generation_config.json", dir);
    if (r > 0)
        r = get_eos(c, o, path, e);
    json_decref(o);
    return r;
}

int config_read(struct config *c, const char *dir, struct err *e)
{
    char path[4096];
    json_t *o = NULL;
    int r;

    *c = (struct config){0};
    snprintf(path, sizeof path, "%s/config.json", dir);
    r = digests_json(&o, dir, "config.json", e);
    if (!r)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(ENOENT));
    if (r > 0)
        r = json_is_object(o) ? from_json(c, o, path, e)
                              : err_set(e, ERR_DATA, "%s: not an object",
                                        path);
    json_decref(o);
    if (!r)
        r = read_generation(c, dir, e);
    return r ? r : config_check(c, path, e);
}

const char *config_type_name(enum dtype t)
{
    static const char *const types[] = {"float32", "bfloat16", "float16"};

    return types[t];
}

static json_t *to_json(const struct config *c)
{
    const char *type = config_type_name(c->file_dtype);
    json_t *eos = json_null();

    if (c->n_eos == 1)
        eos = json_integer(c->eos[0]);
    else if (c->n_eos > 1) {
        eos = json_array();
        for (int i = 0; i < c->n_eos; i++)
            json_array_append_new(eos, json_integer(c->eos[i]));
    }
    return json_pack(
        "{s:[s], s:f, s:o, s:i, s:s, s:i, s:f, s:i, s:i, s:s, s:i, s:i, s:i,"
        " s:f, s:f, s:n, s:n, s:b, s:s, s:s, s:b, s:b, s:i}",
        "architectures", "Qwen2ForCausalLM", "attention_dropout",
        c->attention_dropout,
        "eos_token_id", eos, "hidden_size", c->hidden, "hidden_act", "silu",
        "head_dim", c->head_dim, "initializer_range", 0.02,
        "intermediate_size", c->ffn, "max_position_embeddings", c->max_pos,
        "model_type", "qwen2", "num_attention_heads", c->heads,
        "num_hidden_layers", c->layers, "num_key_value_heads", c->kv_heads,
        "rms_norm_eps", c->rms_eps, "rope_theta", c->rope_theta,
        "rope_scaling", "sliding_window", "tie_word_embeddings", c->tied,
        "dtype", type, "torch_dtype", type, "use_cache", 1,
        "use_sliding_window", 0, "vocab_size", c->vocab);
}

int config_write(const struct config *c, const char *dir, struct err *e)
{
    char path[4096];
    json_t *o;
    int r = config_check(c, "config", e);

    if (r)
        return r;
    o = to_json(c);
    if (!o)
        return err_set(e, ERR_DATA, "%s: config cannot be written", dir);
    snprintf(path, sizeof path, "%s/config.json", dir);
    r = json_write_file(o, path, e);
    json_decref(o);
    return r;
}
