/* residual - sums of activations, with dropout of the second term */
#include <stdlib.h>
#include "cpu.h"
#include "simd.h"
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

INLINE void sum_t(const struct job *j, int t, long lo, long hi)
{
    for (; lo < hi; lo += VW) {
        long n = hi - lo < VW ? hi - lo : VW;

        vf_put_t(t, j->y, lo, vf_get_t(t, j->a, lo, n) +
                                  vf_get_t(t, j->b, lo, n), n);
    }
}

static void sum(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    (void)worker;
    if (j->t == DT_F32)
        sum_t(j, DT_F32, lo, hi);
    else if (j->t == DT_BF16)
        sum_t(j, DT_BF16, lo, hi);
    else
        sum_t(j, DT_F16, lo, hi);
}

OP(void, add)(struct kernels *k, enum dtype t, void *y, const void *a,
              const void *b, size_t n)
{
    struct job j = {t, y, a, b, NULL, 0};

    cpu_for(cpu_of(k), (long)n, 1, sum, &j);
}

OP(void, residual)(struct kernels *k, enum dtype t, void *y, const void *a,
                   const void *b, const struct k_dropout *d, int T, int H)
{
    struct job j = {t, y, a, b, d, H};

    if (dropping(&j))
        cpu_for(cpu_of(k), T, 8.0 * H, rows, &j);
    else
        cpu_for(cpu_of(k), (long)T * H, 1, sum, &j);
}

OP(void, dropout_bwd)(struct kernels *k, enum dtype t, void *db,
                      const void *dy, const struct k_dropout *d, int T, int H)
{
    struct job j = {t, db, NULL, dy, d, H};

    if (dropping(&j))
        cpu_for(cpu_of(k), T, 8.0 * H, rows, &j);
    else if (db != dy)
        k->copy(k, db, dy, (size_t)T * (size_t)H * dtype_size(t));
}
