/* config - hyperparameters from and to config.json
 *
 * One table says where each is; a family adds its defaults and the members that
 * are its own (arch.h).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/digests.h"
#include "../base/json.h"
#include "members.h"

static const struct hyper {
    const char *key;
    enum { SIZE, REAL, FLAG } type; /* int from 1 on, double, int 0 or 1 */
    size_t at;                      /* in struct config */
    int required;
} table[] = {
    {"hidden_size", SIZE, offsetof(struct config, hidden), 1},
    {"num_hidden_layers", SIZE, offsetof(struct config, layers), 1},
    {"num_attention_heads", SIZE, offsetof(struct config, heads), 1},
    {"intermediate_size", SIZE, offsetof(struct config, ffn), 1},
    {"vocab_size", SIZE, offsetof(struct config, vocab), 1},
    {"num_key_value_heads", SIZE, offsetof(struct config, kv_heads), 0},
    {"max_position_embeddings", SIZE, offsetof(struct config, max_pos), 0},
    {"head_dim", SIZE, offsetof(struct config, head_dim), 0},
    {"rms_norm_eps", REAL, offsetof(struct config, rms_eps), 0},
    {"attention_dropout", REAL, offsetof(struct config, attention_dropout), 0},
    {"tie_word_embeddings", FLAG, offsetof(struct config, tied), 0},
};
enum { N_HYPER = sizeof table / sizeof *table };

/* Of no family here, or of nothing implemented. */
static const struct arch_member common[] = {
    {"quantization_config", WRITE_NOTHING, 0,
     "float32, bfloat16 and float16 weights without it"},
    {"num_experts", WRITE_NOTHING, 0, NULL},
    {"num_local_experts", WRITE_NOTHING, 0, NULL},
    {"mlp_bias", WRITE_NOTHING, 0, "false"},
    {"use_qk_norm", WRITE_NOTHING, 0, NULL},
    {"logit_scale", WRITE_NOTHING, 0, NULL},
    {"final_logit_softcapping", WRITE_NOTHING, 0, NULL},
    {"attn_logit_softcapping", WRITE_NOTHING, 0, NULL},
    {"is_encoder_decoder", WRITE_NOTHING, 0, "false"},
    {"use_mrope", WRITE_NOTHING, 0, "false"},
};

/* ---- what must be so ---- */

static int check_members(const json_t *o, const char *where,
                         const struct arch_member *m, int n, struct err *e)
{
    for (int i = 0; i < n; i++) {
        const json_t *v = json_object_get(o, m[i].key);

        if (!m[i].ignored && !is_null(v) && !json_is_false(v))
            return member_refuse(v, where, m[i].key,
                                 m[i].help ? m[i].help : "null", e);
    }
    return 0;
}

/* A list of strings, each of them `want`; or null. */
static int check_strings(const json_t *o, const char *where, const char *key,
                         const char *want, struct err *e)
{
    const json_t *v = json_object_get(o, key), *item;
    size_t i;

    if (is_null(v))
        return 0;
    if (!json_is_array(v))
        return member_refuse(v, where, key, want, e);
    json_array_foreach(v, i, item)
        if (!json_is_string(item) || strcmp(json_string_value(item), want))
            return member_refuse(v, where, key, want, e);
    return 0;
}

/* silu and swish are one function. */
static int check_activation(const json_t *o, const char *where, struct err *e)
{
    const json_t *v = json_object_get(o, "hidden_act");
    const char *s = json_string_value(v);

    if (is_null(v) || (s && (!strcmp(s, "silu") || !strcmp(s, "swish"))))
        return 0;
    return member_refuse(v, where, "hidden_act", "silu (or swish)", e);
}

static int find_family(struct config *c, const json_t *o, const char *where,
                       struct err *e)
{
    const json_t *v = json_object_get(o, "model_type");
    const struct arch *a;
    char names[200];

    if (!json_is_string(v))
        return err_set(e, ERR_DATA, "%s: model_type is missing", where);
    a = arch_find(json_string_value(v));
    arch_names(names, sizeof names);
    if (!a)
        return member_refuse(v, where, "model_type", names, e);
    *c = a->defaults;
    c->arch = a;
    return check_strings(o, where, "architectures", a->architecture, e);
}

static int check_supported(const struct config *c, const json_t *o,
                           const char *where, struct err *e)
{
    const struct arch *a = c->arch;
    int r = check_activation(o, where, e);

    if (!r)
        r = check_strings(o, where, "layer_types", "full_attention", e);
    if (!r)
        r = check_members(o, where, common, sizeof common / sizeof *common, e);
    if (!r)
        r = check_members(o, where, a->members, a->n_members, e);
    return !r && a->check ? a->check(c, o, where, e) : r;
}

/* ---- reading ---- */

static int get_hyper(struct config *c, const struct hyper *h, const json_t *o,
                     const char *where, struct err *e)
{
    char *at = (char *)c + h->at;

    switch (h->type) {
    case SIZE:
        return member_size(o, where, h->key, h->required, (int *)(void *)at, e);
    case REAL:
        return json_get_f64(o, where, h->key, h->required, (double *)(void *)at,
                            e);
    default:
        return json_get_bool(o, where, h->key, h->required, (int *)(void *)at,
                             e);
    }
}

static int get_hypers(struct config *c, const json_t *o, const char *where,
                      struct err *e)
{
    int r = 0;

    for (int i = 0; !r && i < N_HYPER; i++)
        r = get_hyper(c, &table[i], o, where, e);
    if (r)
        return r;
    /* absent means the family's number, null means the number of heads */
    if (!c->kv_heads || json_is_null(json_object_get(o, "num_key_value_heads")))
        c->kv_heads = c->heads;
    if (c->head_dim)
        return 0;
    if (c->hidden % c->heads)
        return err_set(e, ERR_DATA,
                       "%s: hidden_size %d is no multiple of "
                       "num_attention_heads %d",
                       where, c->hidden, c->heads);
    c->head_dim = c->hidden / c->heads;
    return 0;
}

static int add_eos(struct config *c, const json_t *v, const char *where,
                   struct err *e)
{
    json_int_t id = json_integer_value(v);

    if (!json_is_integer(v) || id < 0 || id > INT_MAX)
        return member_refuse(v, where, "eos_token_id", "an id or a list of ids",
                             e);
    for (int i = 0; i < c->n_eos; i++)
        if (c->eos[i] == id)
            return 0;
    if (c->n_eos == CONFIG_MAX_EOS)
        return err_set(e, ERR_DATA, "%s: eos_token_id: more than %d ids", where,
                       CONFIG_MAX_EOS);
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

/* "torch_dtype", or "dtype" as transformers 5 calls it. "auto" leaves it to the
 * tensors. */
static int get_dtype(struct config *c, const json_t *o, const char *where,
                     struct err *e)
{
    const char *s = "float32";
    int r = json_get_str(o, where, "torch_dtype", 0, &s, e);

    if (!r)
        r = json_get_str(o, where, "dtype", 0, &s, e);
    if (r)
        return r;
    if (!strcmp(s, "float32") || !strcmp(s, "auto"))
        c->file_dtype = DT_F32;
    else if (!strcmp(s, "bfloat16"))
        c->file_dtype = DT_BF16;
    else if (!strcmp(s, "float16"))
        c->file_dtype = DT_F16;
    else
        return err_set(e, ERR_DATA,
                       "%s: dtype is %s: only float32, bfloat16 "
                       "and float16 are implemented",
                       where, s);
    return 0;
}

int config_check(const struct config *c, const char *where, struct err *e)
{
    int64_t width = (int64_t)c->heads * c->head_dim;

    if (!c->arch)
        return err_set(e, ERR_DATA, "%s: no family", where);
    if (c->hidden < 1 || c->layers < 1 || c->heads < 1 || c->kv_heads < 1 ||
        c->head_dim < 1 || c->ffn < 1 || c->vocab < 1 || c->max_pos < 1)
        return err_set(e, ERR_DATA, "%s: a size is below 1", where);
    if (c->hidden > 1 << 20 || c->ffn > 1 << 22 || c->vocab > 1 << 24 ||
        c->layers > 4096 || width > 1 << 20 || c->max_pos > 1 << 24)
        return err_set(e, ERR_DATA,
                       "%s: a size is beyond any model "
                       "(hidden %d, ffn %d, vocab %d, layers %d)",
                       where, c->hidden, c->ffn, c->vocab, c->layers);
    if (c->heads % c->kv_heads)
        return err_set(e, ERR_DATA,
                       "%s: num_attention_heads %d is no "
                       "multiple of num_key_value_heads %d",
                       where, c->heads, c->kv_heads);
    if (c->head_dim % 2)
        return err_set(e, ERR_DATA, "%s: head_dim %d is odd", where,
                       c->head_dim);
    /* below 1 a position's angle grows with the dimension, and overflows */
    if (!(c->rope_theta >= 1 && c->rope_theta < 1e30))
        return err_set(e, ERR_DATA,
                       "%s: rope_theta is %g, expected a number from 1 to 1e30",
                       where, c->rope_theta);
    if (!(c->attention_dropout >= 0 && c->attention_dropout < 1))
        return err_set(e, ERR_DATA,
                       "%s: attention_dropout is %g, expected "
                       "a probability below 1",
                       where, c->attention_dropout);
    if (!(c->rms_eps >= 0 && c->rms_eps < 1))
        return err_set(e, ERR_DATA, "%s: rms_norm_eps is %g", where,
                       c->rms_eps);
    for (int i = 0; i < c->n_eos; i++)
        if (c->eos[i] >= c->vocab)
            return err_set(e, ERR_DATA,
                           "%s: eos_token_id %d is outside the "
                           "vocabulary of %d",
                           where, (int)c->eos[i], c->vocab);
    return 0;
}

static int from_json(struct config *c, const json_t *o, const char *where,
                     struct err *e)
{
    int r = find_family(c, o, where, e);

    if (!r)
        r = get_hypers(c, o, where, e);
    if (!r)
        r = check_supported(c, o, where, e);
    if (!r)
        r = rope_from_json(c, o, where, e);
    if (!r)
        r = get_dtype(c, o, where, e);
    if (json_object_get(o, "eos_token_id"))
        c->n_eos = 0; /* instead of the family's */
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

/* What people give instead of a model's directory: a name of the Hub, and the
 * directory of an adapter. */
static int no_config(const char *dir, struct err *e)
{
    const char *slash = strchr(dir, '/');
    char path[4096];

    if (access(dir, F_OK)) {
        err_set(e, ERR_IO, "%s: %s", dir, strerror(errno));
        if (*dir != '.' && slash && slash != dir && slash[1] &&
            !strchr(slash + 1, '/'))
            return err_suffix(e,
                              "; to fetch a model of that name from the Hub: "
                              "hf download %s --local-dir DIR",
                              dir);
        return err_suffix(
            e, "; expected a directory with config.json and *.safetensors");
    }
    snprintf(path, sizeof path, "%s/adapter_config.json", dir);
    if (!access(path, F_OK))
        return err_set(e, ERR_DATA,
                       "%s: a LoRA adapter; save the merged model instead "
                       "(merge_and_unload)",
                       dir);
    return err_set(e, ERR_IO, "%s/config.json: %s", dir, strerror(ENOENT));
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
        return no_config(dir, e);
    if (r > 0)
        r = json_is_object(o) ? from_json(c, o, path, e)
                              : err_set(e, ERR_DATA, "%s: not an object", path);
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

static json_t *eos_json(const struct config *c)
{
    json_t *v;

    if (c->n_eos < 2)
        return c->n_eos ? json_integer(c->eos[0]) : json_null();
    v = json_array();
    for (int i = 0; i < c->n_eos; i++)
        json_array_append_new(v, json_integer(c->eos[i]));
    return v;
}

static json_t *hyper_json(const struct config *c, const struct hyper *h)
{
    const char *at = (const char *)c + h->at;

    switch (h->type) {
    case SIZE:
        return json_integer(*(const int *)(const void *)at);
    case REAL:
        return json_real(*(const double *)(const void *)at);
    default:
        return json_boolean(*(const int *)(const void *)at);
    }
}

static json_t *to_json(const struct config *c)
{
    const struct arch *a = c->arch;
    const char *type = config_type_name(c->file_dtype);
    json_t *o = json_pack(
        "{s:[s], s:s, s:s, s:f, s:s, s:s, s:b, s:o}", "architectures",
        a->architecture, "model_type", a->model_type, "hidden_act", "silu",
        "initializer_range", 0.02, "dtype", type, "torch_dtype", type,
        "use_cache", 1, "eos_token_id", eos_json(c));

    for (int i = 0; o && i < N_HYPER; i++)
        json_object_set_new(o, table[i].key, hyper_json(c, &table[i]));
    for (int i = 0; o && i < a->n_members; i++)
        if (a->members[i].write)
            json_object_set_new(
                o, a->members[i].key,
                a->members[i].write == WRITE_NULL ? json_null() : json_false());
    if (o)
        rope_to_json(c, o);
    return o;
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
