/* config - the hyperparameters of a model, from and to config.json */
#ifndef ULP_ARCH_CONFIG_H
#define ULP_ARCH_CONFIG_H
#include <stdint.h>
#include "../base/dtype.h"
#include "../base/err.h"

/* End tokens of a model, at most; more are an error. */
#define CONFIG_MAX_EOS 8

/* Positions scaled as Llama 3.1 does (rope_type llama3); factor 0: they are
 * not. */
struct rope_scaling {
    double factor, low_freq_factor, high_freq_factor;
    int original_max_pos;
};

struct config {
    const struct arch *arch; /* the family (arch.h) */
    int hidden, layers, heads, kv_heads, head_dim, ffn, vocab, max_pos;
    int tied; /* lm_head is the embedding */
    double rope_theta, rms_eps;
    struct rope_scaling rope;
    int n_eos;
    int32_t eos[CONFIG_MAX_EOS]; /* of config.json, generation_config.json */
    enum dtype file_dtype;       /* dtype, torch_dtype; fp32 where they are
                                 missing, null or "auto" */
    double attention_dropout;    /* of dropout=model; 0 where there is none */
};

/* Reads DIR/config.json; anything we do not implement is refused by name, with
 * what is implemented. */
int config_read(struct config *c, const char *dir, struct err *e) MUST_CHECK;
/* Writes DIR/config.json that transformers loads. */
int config_write(const struct config *c, const char *dir,
                 struct err *e) MUST_CHECK;
/* "float32", "bfloat16", "float16": the type in config.json. */
const char *config_type_name(enum dtype t);
/* FROM/config.json to TO/config.json with t as the type of the weights; all
 * else in it is kept. */
int config_copy(const char *from, const char *to, enum dtype t,
                struct err *e) MUST_CHECK;
/* Sizes in range and consistent; `where` begins the message. */
int config_check(const struct config *c, const char *where,
                 struct err *e) MUST_CHECK;

#endif
