/* overlap - masks by their limits, and the limits by radix selection */
#include "overlap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../kernels/compare.h"
#include "../base/arena.h"
#include "lapack.h"
#include "svd_impl.h"

enum { RUN = 4096 }; /* values at once */

/* |x|: as unsigned numbers such bits have the order of the values. */
static uint32_t magnitude(float x)
{
    return canon_bits(x) & 0x7FFFFFFFu;
}

static void reconstruct(float *out, size_t rows, size_t cols, size_t k,
                        const double *left, const double *right)
{
    static const double one = 1, zero = 0;
    size_t at_once = 1 + RUN / (cols ? cols : 1);
    double *part = svd_doubles(at_once, cols);
    int m = (int)cols, inner = (int)k, ld = (int)rows;

    for (size_t at = 0; at < rows; at += at_once) {
        size_t n = rows - at < at_once ? rows - at : at_once;
        int some = (int)n;

        if (k)
            dgemm_("N", "T", &m, &some, &inner, &one, right, &m, left + at, &ld,
                   &zero, part, &m, 1, 1);
        for (size_t i = 0; i < n * cols; i++)
            out[at * cols + i] = (float)part[i];
    }
    free(part);
}

/* Counts of a digit of 16 bits: the upper one, or the lower one of those whose
 * upper one is `upper`. */
struct digits {
    uint64_t *count; /* [65536] */
    int lower;
    uint32_t upper;
};

static void count_digit(struct digits *d, uint32_t u)
{
    if (!d->lower)
        d->count[u >> 16]++;
    else if (u >> 16 == d->upper)
        d->count[u & 0xFFFF]++;
}

/* The digit at which the values with smaller ones number at most `rank`, which
 * is lowered by their number. */
static uint32_t digit_at(const struct digits *d, uint64_t *rank)
{
    uint32_t i = 0;

    while (i < 65535 && *rank >= d->count[i])
        *rank -= d->count[i++];
    return i;
}

static void count_all(struct digits *d, const struct operand *o,
                      const float *values)
{
    size_t n = o->rows * o->cols;
    double run[RUN];

    memset(d->count, 0, 65536 * sizeof *d->count);
    for (size_t at = 0; at < n; at += RUN) {
        size_t m = n - at < RUN ? n - at : RUN;

        if (!values)
            operand_values(o, at, m, run);
        for (size_t i = 0; i < m; i++)
            count_digit(d, magnitude(values ? values[at + i] : (float)run[i]));
    }
}

/* The magnitude with `rank` smaller or equal ones before it in order: of
 * `values`, or where NULL of the matrix. */
static uint32_t select_rank(const struct operand *o, const float *values,
                            uint64_t rank)
{
    struct digits d = {0};

    d.count = xcalloc(65536, sizeof *d.count);
    count_all(&d, o, values);
    d.upper = digit_at(&d, &rank);
    d.lower = 1;
    count_all(&d, o, values);
    d.upper = d.upper << 16 | digit_at(&d, &rank);
    free(d.count);
    return d.upper;
}

static int changed(double before, double after, double eta)
{
    float x = compare_bf16((float)before), y = compare_bf16((float)after);

    return compare_finite(x) && compare_finite(y) &&
           !compare_same(x, y, eta, compare_is_exact(eta));
}

static void count_masks(struct overlap *x, const struct operand *before,
                        const struct operand *after, double eta, const float *r,
                        uint32_t least, uint32_t most)
{
    double a[RUN], b[RUN];

    for (size_t at = 0; at < x->n; at += RUN) {
        size_t n = x->n - at < RUN ? x->n - at : RUN;

        operand_values(before, at, n, a);
        operand_values(after, at, n, b);
        for (size_t i = 0; i < n; i++) {
            int m = changed(a[i], b[i], eta);
            int principal = magnitude(r[at + i]) >= least;
            int low = magnitude((float)a[i]) <= most;
            int in[N_OVERLAPS] = {principal, low, low && !principal};

            x->n_changed += (uint64_t)m;
            for (int j = 0; j < N_OVERLAPS; j++) {
                x->mask[j] += (uint64_t)in[j];
                x->both[j] += (uint64_t)(in[j] && m);
            }
        }
    }
}

void overlap_count(struct overlap *x, const struct operand *before,
                   const struct operand *after, double eta, size_t k,
                   const double *left, const double *right)
{
    size_t n = before->rows * before->cols;
    uint64_t size = (uint64_t)ceil(OVERLAP_ALPHA * (double)n);
    float *r = xcalloc(n, sizeof *r);
    uint32_t least, most;

    memset(x, 0, sizeof *x);
    x->n = n;
    reconstruct(r, before->rows, before->cols, k, left, right);
    least = select_rank(before, r, n - size);
    most = select_rank(before, NULL, size - 1);
    count_masks(x, before, after, eta, r, least, most);
    free(r);
}
