/* config - the shape of a Qwen2-architecture model, from config.json */
#ifndef ULP_MODEL_CONFIG_H
#define ULP_MODEL_CONFIG_H
#include "../base/err.h"
#include "../../kernels/kernels.h"

#define CONFIG_MAX_EOS 8

struct config {
    int hidden, layers, heads, kv_heads, head_dim, ffn, vocab, max_pos;
    int tied;        /* lm_head is the embedding */
    int qkv_bias;    /* Qwen2: 1 */
    double rope_theta, rms_eps;
    int n_eos;
    int32_t eos[CONFIG_MAX_EOS];
    enum dtype file_dtype; /* dtype, torch_dtype */
    double attention_dropout; /* of dropout=model; 0 where there is none */
};

/* Reads DIR/config.json; anything we do not implement is refused by name. */
int config_read(struct config *c, const char *dir, struct err *e) MUST_CHECK;
/* Writes DIR/config.json that transformers loads. */
int config_write(const struct config *c, const char *dir, struct err *e)
    MUST_CHECK;
/* "float32", "bfloat16", "float16": the type in config.json. */
const char *config_type_name(enum dtype t);
/* FROM/config.json to TO/config.json with t as the type of the weights; all
 * else in it is kept. */
int config_copy(const char *from, const char *to, enum dtype t,
                struct err *e) MUST_CHECK;
/* Sizes in range and consistent; `where` begins the message. */
int config_check(const struct config *c, const char *where, struct err *e)
    MUST_CHECK;

#endif
