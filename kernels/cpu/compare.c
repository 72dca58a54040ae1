/* compare - counts of the values that an update changed; see ../compare.h */
#include <stdatomic.h>
#include <string.h>
#include "../compare.h"
#include "cpu.h"

enum { PIECE = 512 };

struct job {
    const void *a, *b, *c;
    enum dtype ta, tb, tc;
    double eta, abs;
    int exact;
    _Atomic uint64_t n[CMP_N];
};

struct rows {
    float x[PIECE]; /* cast to bf16 */
    int finite[PIECE];
};

/* Values as stored, in place or widened into buf; in r rounded to bf16. */
static const float *load(struct rows *r, float *buf, const void *p,
                         enum dtype t, long at, long n)
{
    const float *v = cpu_row(t, p, (size_t)at, (size_t)n, buf);

    for (long i = 0; i < n; i++) {
        float x = t == DT_BF16 ? v[i] : compare_bf16(v[i]);

        r->x[i] = x;
        r->finite[i] = compare_finite(x);
    }
    return v;
}

static void same(int *out, const struct job *j, const struct rows *a,
                 const struct rows *b, long n)
{
    if (j->exact)
        for (long i = 0; i < n; i++)
            out[i] = compare_same(a->x[i], b->x[i], j->eta, 1);
    else
        for (long i = 0; i < n; i++)
            out[i] = compare_same(a->x[i], b->x[i], j->eta, 0);
}

static void two(const struct job *j, uint64_t *sum, const float *va,
                const float *vb, const struct rows *a, const struct rows *b,
                const int *ab, long n)
{
    int finite = 0, unchanged = 0, raw = 0, abs = 0;

    for (long i = 0; i < n; i++) {
        int f = a->finite[i] & b->finite[i];

        finite += f;
        unchanged += f & ab[i];
        raw += f & compare_near(va[i], vb[i], j->eta);
        abs += f & compare_abs_near(va[i], vb[i], j->abs);
    }
    sum[CMP_NON_FINITE] += (uint64_t)(n - finite);
    sum[CMP_UNCHANGED] += (uint64_t)unchanged;
    sum[CMP_UNCHANGED_RAW] += (uint64_t)raw;
    sum[CMP_UNCHANGED_ABS] += (uint64_t)abs;
}

static void three(uint64_t *sum, const struct rows *a, const struct rows *b,
                  const struct rows *c, const int *ab, const int *ac, long n)
{
    int all = 0, in_b = 0, in_c = 0, both = 0;

    for (long i = 0; i < n; i++) {
        int f = a->finite[i] & b->finite[i] & c->finite[i];

        all += f;
        in_b += f & !ab[i];
        in_c += f & !ac[i];
        both += f & !ab[i] & !ac[i];
    }
    sum[CMP_BOTH] += (uint64_t)all;
    sum[CMP_CHANGED_B] += (uint64_t)in_b;
    sum[CMP_CHANGED_C] += (uint64_t)in_c;
    sum[CMP_CHANGED_BOTH] += (uint64_t)both;
}

static void part(void *ctx, long lo, long hi, int worker)
{
    struct job *j = ctx;
    uint64_t sum[CMP_N] = {0};
    struct rows a, b, c;
    float buf[2][PIECE];
    int ab[PIECE], ac[PIECE];

    (void)worker;
    for (long i = lo; i < hi; i += PIECE) {
        long n = hi - i < PIECE ? hi - i : PIECE;
        const float *va = load(&a, buf[0], j->a, j->ta, i, n);
        const float *vb = load(&b, buf[1], j->b, j->tb, i, n);

        same(ab, j, &a, &b, n);
        two(j, sum, va, vb, &a, &b, ab, n);
        if (!j->c)
            continue;
        load(&c, buf[1], j->c, j->tc, i, n);
        same(ac, j, &a, &c, n);
        three(sum, &a, &b, &c, ab, ac, n);
    }
    for (int s = 0; s < CMP_N; s++)
        atomic_fetch_add_explicit(&j->n[s], sum[s], memory_order_relaxed);
}

OP(void, compare)(struct kernels *k, uint64_t *counts, const void *a,
                  enum dtype ta, const void *b, enum dtype tb, const void *c,
                  enum dtype tc, size_t n, double eta, double abs)
{
    struct job j = {a, b, c, ta, tb, tc, eta, abs, compare_is_exact(eta),
                    {0}};

    cpu_for(cpu_of(k), (long)n, 4, part, &j);
    for (int s = 0; s < CMP_N; s++)
        counts[s] += j.n[s];
}
