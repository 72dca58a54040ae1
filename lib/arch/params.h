/* params - the tensors of a model in one flat layout, derived from its family
 *
 * The flat order keeps tensors that are fused next to each other, so that a
 * fused matrix is one contiguous [N][K] array in master weights, gradients and
 * moments. Files and sparsity speak of tensors, under their Hugging Face names.
 */
#ifndef ULP_ARCH_PARAMS_H
#define ULP_ARCH_PARAMS_H
#include "arch.h"

struct param {
    char name[96]; /* "model.layers.0.self_attn.q_proj.weight" */
    enum role role;
    enum param_kind kind;
    int layer;      /* -1 outside the layers */
    int rows, cols; /* cols = 0 for a vector of `rows` */
    size_t n;       /* values */
    size_t offset;  /* in values, in the flat layout */
    int decay;      /* weight decay applies (all but norms and biases) */
};

/* Tensors of one role, as the kernels see them: a matrix or a vector. */
struct fused {
    enum role role;
    int layer;
    size_t offset, n; /* values in the flat layout */
    int N, K;         /* K = 0: a vector of N */
};

struct params {
    int n, n_fused;
    struct param *v;     /* in flat order */
    struct fused *fused; /* the same */
    size_t n_values;     /* the flat layout's length */
};

/* All tensors of a model of c, which is not kept; to be freed. An error where c
 * describes no model (config_check). */
int params_list(struct params *p, const struct config *c,
                struct err *e) MUST_CHECK;
void params_free(struct params *p);

/* The fused ones without memory: begin with {.c = c}; 0 at the end. */
struct params_walk {
    const struct config *c;
    int layer, at;
    size_t offset;
};
int params_next_fused(struct params_walk *w, struct fused *f);

/* Numbers of values; the largest are of fused ones. */
struct params_sizes {
    size_t values;   /* of all */
    size_t matrices; /* without embedding and head */
    size_t embed, vectors, largest_matrix, largest_vector;
};
struct params_sizes params_sizes(const struct config *c);

#endif
