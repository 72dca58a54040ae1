/* params - the list of a model's tensors, and one flat layout for them
 *
 * A group is what the kernels see as one matrix: q, k and v rows fused, gate
 * and up fused. The flat order keeps a group's tensors adjacent, so a group
 * is one contiguous [N][K] array in master weights, gradients and moments.
 * Files and sparsity speak of tensors, under their Hugging Face names.
 */
#ifndef ULP_MODEL_PARAMS_H
#define ULP_MODEL_PARAMS_H
#include "config.h"

enum param_kind { /* SCIENCE 6: q k v o gate up down embed norm, and head */
    KIND_Q, KIND_K, KIND_V, KIND_O, KIND_GATE, KIND_UP, KIND_DOWN,
    KIND_EMBED, KIND_HEAD, KIND_NORM, KIND_BIAS, N_KINDS
};
const char *param_kind_name(enum param_kind k);

struct param {
    char name[96];  /* "model.layers.0.self_attn.q_proj.weight" */
    enum param_kind kind;
    int layer;      /* -1 outside the layers */
    int rows, cols; /* cols = 0 for a vector of `rows` */
    size_t n;       /* values */
    size_t offset;  /* in values, in the flat layout */
    int decay;      /* weight decay applies (all but norms and biases) */
};

struct params {
    int n;
    struct param *v; /* in flat order */
    size_t n_values; /* the flat layout's length */
};

int params_list(struct params *p, const struct config *c, struct err *e)
    MUST_CHECK;
void params_free(struct params *p);

#endif
