/* weight - a matrix [N][K] as it lies: every product reads its rows */
#include <stdlib.h>
#include "cuda.h"

OP(struct k_weight *, weight_new)(struct kernels *k, enum dtype t, int N,
                                  int K, int uses, struct err *e)
{
    struct k_weight *w = (struct k_weight *)calloc(1, sizeof *w);

    if (!w) {
        err_set(e, ERR_IO, "cuda: out of host memory");
        return NULL;
    }
    w->t = t;
    w->N = N;
    w->K = K;
    w->uses = uses;
    w->rows = k->alloc(k, (size_t)N * (size_t)K * dtype_size(t), e);
    if (!w->rows) {
        free(w);
        return NULL;
    }
    return w;
}

struct k_weight *CU(cuda_weight_view)(struct kernels *k, enum dtype t, int N,
                                      int K, void *rows, struct err *e)
{
    struct k_weight *w = (struct k_weight *)calloc(1, sizeof *w);

    (void)k;
    if (!w) {
        err_memory(e, "cuda: out of host memory");
        return NULL;
    }
    w->t = t;
    w->N = N;
    w->K = K;
    w->uses = WEIGHT_FORWARD | WEIGHT_BACKWARD | WEIGHT_ROWS;
    w->rows = rows;
    w->lent = 1;
    return w;
}

OP(void, weight_free)(struct kernels *k, struct k_weight *w)
{
    if (!w)
        return;
    if (!w->lent)
        k->free(k, w->rows);
    free(w);
}

OP(void, weight_set)(struct kernels *k, struct k_weight *w, const void *src,
                     enum dtype st)
{
    k->cast(k, w->rows, w->t, src, st, (size_t)w->N * (size_t)w->K);
}

int CU(cuda_may)(struct cuda *c, const struct k_weight *W, int use,
                 const char *op)
{
    if (W->uses & use)
        return 1;
    CU(cuda_fail)(c, ERR_DATA, "%s: the weight was made without %s", op,
                  use == WEIGHT_FORWARD ? "WEIGHT_FORWARD"
                                        : "WEIGHT_BACKWARD");
    return 0;
}
