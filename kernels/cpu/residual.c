/* residual - sums of activations, with dropout of the second term */
#include <stdlib.h>
#include "cpu.h"
#include "words.h"

enum { PIECE = 4 * WORDS_MAX };

struct job {
    enum dtype t;
    void *y;
    const void *a, *b;
    const struct k_dropout *d;
    long H;
};

/* b[i] = keep ? b[i] / (1 - p) : 0 for columns h .. h+n-1; h is a multiple
 * of 4 */
static void drop(const struct k_dropout *d, long row, long h, long n,
                 float *b)
{
    float scale = 1.0f / (1.0f - d->p), p = d->p;
    uint32_t w[4 * WORDS_MAX];

    words_dropout(w, d->seed, d->step, d->site, d->row_id[row], h, n);
    for (long i = 0; i < n; i++)
        b[i] = philox_unit(w[i]) >= p ? b[i] * scale : 0.0f;
}

static int dropping(const struct job *j)
{
    return j->d && j->d->p > 0.0f;
}

static void rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    float ab[PIECE], b[PIECE], y[PIECE];

    (void)worker;
    for (long r = lo; r < hi; r++)
        for (long h = 0; h < j->H; h += PIECE) {
            long n = j->H - h < PIECE ? j->H - h : PIECE, at = r * j->H + h;

            NAME(widen)(b, AT(j->b, j->t, at), j->t, (size_t)n);
            if (dropping(j))
                drop(j->d, r, h, n, b);
            if (j->a) {
                const float *a =
                    cpu_row(j->t, j->a, (size_t)at, (size_t)n, ab);

                for (long i = 0; i < n; i++)
                    y[i] = a[i] + b[i];
            }
            NAME(narrow)(AT_W(j->y, j->t, at), j->t, j->a ? y : b,
                         (size_t)n);
        }
}

OP(void, residual)(struct kernels *k, enum dtype t, void *y, const void *a,
                   const void *b, const struct k_dropout *d, int T, int H)
{
    struct job j = {t, y, a, b, d, H};

    NAME(cpu_for)(cpu_of(k), T, (dropping(&j) ? 8.0 : 1.0) * H, rows, &j);
}

OP(void, dropout_bwd)(struct kernels *k, enum dtype t, void *db,
                      const void *dy, const struct k_dropout *d, int T, int H)
{
    struct job j = {t, db, NULL, dy, d, H};

    if (dropping(&j) || db != dy)
        NAME(cpu_for)(cpu_of(k), T, (dropping(&j) ? 8.0 : 1.0) * H, rows, &j);
}

static void sum(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    float ab[PIECE], bb[PIECE], y[PIECE];

    (void)worker;
    for (long i = lo; i < hi; i += PIECE) {
        size_t n = (size_t)(hi - i < PIECE ? hi - i : PIECE);
        const float *a = cpu_row(j->t, j->a, (size_t)i, n, ab);
        const float *b = cpu_row(j->t, j->b, (size_t)i, n, bb);

        for (size_t h = 0; h < n; h++)
            y[h] = a[h] + b[h];
        NAME(narrow)(AT_W(j->y, j->t, i), j->t, y, n);
    }
}

OP(void, add)(struct kernels *k, enum dtype t, void *y, const void *a,
              const void *b, size_t n)
{
    struct job j = {t, y, a, b, NULL, 0};

    NAME(cpu_for)(cpu_of(k), (long)n, 1, sum, &j);
}
