/* embed - rows of a table by token, and the sum of their gradients */
#include <string.h>
#include "cpu.h"

struct job {
    struct cpu *c;
    enum dtype t;
    void *y;
    float *dW;
    const int32_t *tokens;
    const struct k_weight *W;
    const void *dy;
    const int32_t *perm;
    long T, H, columns;
};

static void forward(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    float *buf = cpu_worker(j->c, worker, W_ROW,
                            (size_t)j->H * sizeof *buf);

    if (!buf)
        return;
    for (long r = lo; r < hi; r++) {
        NAME(weight_row)(j->W, j->tokens[r], buf);
        NAME(narrow)(AT_W(j->y, j->t, r * j->H), j->t, buf, (size_t)j->H);
    }
}

/* A token outside the table is an error of the caller's data, not a crash. */
static int tokens_ok(struct cpu *c, const char *op, const int32_t *tokens,
                     int T, int V)
{
    for (int i = 0; i < T; i++)
        if (tokens[i] < 0 || tokens[i] >= V) {
            cpu_fail(c, "%s: token %d at row %d; the vocabulary has %d",
                     op, (int)tokens[i], i, V);
            return 0;
        }
    return 1;
}

OP(void, embed)(struct kernels *k, enum dtype t, void *y,
                const int32_t *tokens, const struct k_weight *W, int T, int H)
{
    struct job j = {.c = cpu_of(k), .t = t, .y = y, .tokens = tokens, .W = W,
                    .T = T, .H = H};

    if (tokens_ok(j.c, "embed", tokens, T, W->N))
        cpu_for(j.c, T, H, forward, &j);
}

/* Pieces of `columns` columns, all rows. */
static void columns(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long at = lo * j->columns;
    long n = (hi * j->columns < j->H ? hi * j->columns : j->H) - at;
    float *buf = cpu_worker(j->c, worker, W_ROW,
                            (size_t)n * sizeof *buf);

    if (!buf)
        return;
    for (long i = 0; i < cpu_visits(j->perm, j->T); i++) {
        long r = cpu_visit(j->perm, j->T, &i);
        const float *dy;
        float *dW;

        if (r < 0)
            continue;
        dy = cpu_row(j->t, j->dy, (size_t)(r * j->H + at), (size_t)n, buf);
        dW = j->dW + j->tokens[r] * j->H + at;
        for (long h = 0; h < n; h++)
            dW[h] += dy[h];
    }
}

OP(void, embed_bwd)(struct kernels *k, enum dtype t, float *dW,
                    const int32_t *tokens, const void *dy, int T, int V,
                    int H)
{
    struct job j = {.c = cpu_of(k), .t = t, .dW = dW, .tokens = tokens,
                    .dy = dy, .T = T, .H = H};

    if (!tokens_ok(j.c, "embed_bwd", tokens, T, V))
        return;
    j.perm = cpu_perm(j.c, PERM_ROWS, T, H, T);
    j.columns = cpu_columns(j.c, H);
    cpu_for(j.c, (H + j.columns - 1) / j.columns,
            (double)T * (double)j.columns, columns, &j);
}
