/* models - random weights, and what a pass takes; see models.h */
#include <stdlib.h>
#include <string.h>
#include "../../../lib/train/checkpoint.h"
#include "models.h"

void *models_weights(const struct params *p, enum dtype t, struct err *e)
{
    size_t z = dtype_size(t);
    char *flat = bench_host_random(t, p->n_values, 0.02);
    uint16_t one = t == DT_BF16 ? 0x3F80 : 0x3C00;
    float one_f = 1;

    if (!flat) {
        *e = *bench_error();
        return NULL;
    }
    for (int i = 0; i < p->n; i++) {
        const struct param *q = &p->v[i];
        char *at = flat + q->offset * z;

        if (q->kind == KIND_BIAS)
            memset(at, 0, q->n * z);
        for (size_t j = 0; q->kind == KIND_NORM && j < q->n; j++)
            memcpy(at + j * z, t == DT_F32 ? (void *)&one_f : (void *)&one,
                   z);
    }
    return flat;
}

/* The head's, which may be the embedding, and those of the layers. */
double models_matrices(const struct config *c)
{
    struct params_walk w = {.c = c};
    struct fused f;
    double n = 0;

    while (params_next_fused(&w, &f))
        if (f.K && (f.role != ROLE_EMBED || c->tied))
            n += (double)f.n;
    return n;
}

double models_flops(const struct config *c, int n, int len, int head)
{
    double tokens = (double)n * len, pairs = tokens * (len + 1.0) / 2;
    double values = models_matrices(c) -
                    (head ? 0 : (double)c->vocab * c->hidden);

    return 2 * tokens * values +
           4 * pairs * c->layers * c->heads * (double)c->head_dim;
}

int bench_model(struct bench *b, const char *size, const char *dir,
                struct err *e)
{
    struct config c;
    struct params p = {0};
    float *flat;
    int r;

    if (!bench_config(b, size, &c))
        return err_set(e, ERR_USAGE, "no size %s", size);
    r = params_list(&p, &c, e);
    if (r)
        return r;
    flat = models_weights(&p, DT_F32, e);
    r = flat ? checkpoint_write_flat(dir, &c, "data/tokenizer/tiny", flat, e)
             : -e->code;
    free(flat);
    params_free(&p);
    return r;
}
