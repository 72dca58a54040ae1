/* arch - one table of a model: what a family says, and all else follows
 *
 * A family of models is one file here, NAME.c, with a `struct arch`: its
 * tensors in order, with what each is for, its name in Hugging Face files and
 * its shape; the members of config.json that are its own; its defaults. Sizes,
 * offsets, files, memory and arithmetic are derived from that (params.h).
 *
 * All families are decoders of the same parts: RMSNorm, rotary embeddings,
 * grouped-query attention, SwiGLU, residual sums. They differ in which tensors
 * they have; a part acts on a tensor where the family has it.
 */
#ifndef ULP_ARCH_ARCH_H
#define ULP_ARCH_ARCH_H
#include <jansson.h>
#include "config.h"

/* What a tensor is for. Tensors of one role that follow each other are fused:
 * kernels see them as one matrix, their rows one after the other. */
enum role {
    ROLE_EMBED, /* outside the layers */
    ROLE_ATTN_NORM,
    ROLE_QKV,
    ROLE_QKV_BIAS,
    ROLE_Q_NORM,
    ROLE_K_NORM,
    ROLE_ATTN_OUT,
    ROLE_MLP_NORM,
    ROLE_GATE_UP,
    ROLE_DOWN,
    ROLE_FINAL_NORM,
    ROLE_HEAD, /* outside the layers */
    N_ROLES
};

enum param_kind { /* SCIENCE 6: q k v o gate up down embed norm, and head */
                  KIND_Q,
                  KIND_K,
                  KIND_V,
                  KIND_O,
                  KIND_GATE,
                  KIND_UP,
                  KIND_DOWN,
                  KIND_EMBED,
                  KIND_HEAD,
                  KIND_NORM,
                  KIND_BIAS,
                  N_KINDS
};
const char *param_kind_name(enum param_kind k);

/* A size, as config.json gives it: DIM_Q is heads x head_dim, DIM_KV is
 * kv_heads x head_dim. */
enum dim { DIM_NONE, DIM_HIDDEN, DIM_FFN, DIM_VOCAB, DIM_HEAD, DIM_Q, DIM_KV };
int config_dim(const struct config *c, enum dim d);

struct arch_tensor {
    enum role role;
    enum param_kind kind;
    const char *name;    /* of a layer's tensor: after "model.layers.N." */
    enum dim rows, cols; /* cols = DIM_NONE: a vector */
};

/* A member of config.json that would change the mathematics: null, false and
 * absent are read, anything else is refused. */
struct arch_member {
    const char *key;
    enum { WRITE_NOTHING, WRITE_NULL, WRITE_FALSE } write;
    int ignored;      /* any value is read */
    const char *help; /* what is implemented, after "only"; NULL: "null" */
};

struct arch {
    const char *model_type, *architecture; /* of config.json */
    struct config defaults; /* of members that are absent. kv_heads 0: as many
                                as heads; head_dim 0: hidden / heads */
    const struct arch_tensor *tensors; /* in flat order; a role of a layer
                                              is repeated for each */
    int n_tensors;
    const struct arch_member *members;
    int n_members;
    /* What the members alone do not say; may be NULL. */
    int (*check)(const struct config *c, const json_t *o, const char *where,
                 struct err *e);
};

extern const struct arch arch_qwen2; /* what pretrain makes by default */
/* The family of a model_type, or NULL. */
const struct arch *arch_find(const char *model_type);
/* "llama, qwen2" */
void arch_names(char *buf, size_t n);
/* What a tensor of this name is in any family, and its layer (-1: outside the
 * layers): a kind, or -1 for a name that no family has. */
int arch_kind(const char *name, int *layer);

/* Has the family tensors of this role? */
int arch_has(const struct arch *a, enum role r);

/* Is the role one of a layer? */
static inline int role_in_layer(enum role r)
{
    return r > ROLE_EMBED && r < ROLE_FINAL_NORM;
}

/* Initialisers of struct arch from the static arrays v. */
#define ARCH_TENSORS(v)                                                        \
    .tensors = v, .n_tensors = (int)(sizeof(v) / sizeof *(v))
#define ARCH_MEMBERS(v)                                                        \
    .members = v, .n_members = (int)(sizeof(v) / sizeof *(v))

#endif
