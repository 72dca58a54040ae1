/* svd_refine - by QR a panel at a time, and dgesdd of the factor R
 *
 * A matrix that is nearly square goes to dgesdd as it is. Another one, with its
 * longer side down, is Q R. R grows panel by panel: the
 * factor of what was read so far, on top of the next panel, is factored again
 * (dtpqrt), so that Q is never kept and one panel is in memory.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "lapack.h"
#include "svd_impl.h"

enum { BLOCK = 64 }; /* columns that dtpqrt factors at once */

/* Panel as n x n_short, column-major. */
static void upright(const struct svd *x, size_t at, size_t n, double *lying,
                    double *out)
{
    if (operand_is_wide(&x->of)) {
        operand_panel(&x->of, at, n, out);
        return;
    }
    operand_panel(&x->of, at, n, lying);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < x->n_short; j++)
            out[i + j * n] = lying[i * x->n_short + j];
}

static int factor(struct svd *x, double *r_factor, struct err *e)
{
    size_t s = x->n_short;
    int n = (int)s, none = 0, nb = n < BLOCK ? n : BLOCK, info = 0;
    double *p = svd_doubles(PANEL, s), *lying = svd_doubles(PANEL, s);
    double *t = svd_doubles(BLOCK, s), *work = svd_doubles(BLOCK, s);

    x->square = 0;
    for (size_t at = 0; !info && at < x->n_long; at += PANEL) {
        size_t rows = svd_panel(x, at);
        int m = (int)rows;
        double sum = 0;

        upright(x, at, rows, lying, p);
        for (size_t i = 0; i < rows * s; i++)
            sum += p[i] * p[i];
        x->square += sum;
        if (!isfinite(sum))
            break;
        dtpqrt_(&m, &n, &none, &nb, r_factor, &n, p, &m, t, &nb, work, &info);
    }
    free(p);
    free(lying);
    free(t);
    free(work);
    return info ? svd_failed("dtpqrt", info, e) : 0;
}

/* A factorisation of its own would cost more than it saves. */
static int is_nearly_square(size_t n_short, size_t n_long)
{
    return 5 * n_long < 8 * n_short;
}

/* The whole matrix, its longer side down, column-major. */
static void gather(struct svd *x, double *whole)
{
    size_t s = x->n_short;
    double *p = svd_doubles(PANEL, s), *lying = svd_doubles(PANEL, s);

    x->square = 0;
    for (size_t at = 0; at < x->n_long; at += PANEL) {
        size_t rows = svd_panel(x, at);
        double sum = 0;

        upright(x, at, rows, lying, p);
        for (size_t i = 0; i < rows * s; i++)
            sum += p[i] * p[i];
        x->square += sum;
        for (size_t j = 0; j < s; j++)
            memcpy(whole + at + j * x->n_long, p + j * rows, rows * sizeof *p);
    }
    free(p);
    free(lying);
}

/* Of a (rows x n_short, overwritten); vectors: right is set. */
static int decompose(struct svd *x, double *a, size_t rows, int vectors,
                     struct err *e)
{
    size_t s = x->n_short;
    int m = (int)rows, n = (int)s, info, query = -1,
        *iw = xcalloc(8 * s, sizeof *iw);
    double size = 0, *u = NULL, *work;
    const char *job = vectors ? "S" : "N";

    if (vectors) {
        u = svd_doubles(rows, s);
        free(x->right);
        x->right = svd_doubles(s, s);
    }
    dgesdd_(job, &m, &n, a, &m, x->value, u, &m, x->right, &n, &size, &query,
            iw, &info, 1);
    query = (int)size;
    work = svd_doubles((size_t)query, 1);
    dgesdd_(job, &m, &n, a, &m, x->value, u, &m, x->right, &n, work, &query, iw,
            &info, 1);
    free(u);
    free(iw);
    free(work);
    return info ? svd_failed("dgesdd", info, e) : 0;
}

int svd_refine(struct svd *x, const struct operand *o, int vectors,
               struct err *e)
{
    double *a;
    size_t rows;
    int r = 0;

    svd_start(x, o);
    rows = is_nearly_square(x->n_short, x->n_long) ? x->n_long : x->n_short;
    a = svd_doubles(rows, x->n_short);
    if (is_nearly_square(x->n_short, x->n_long))
        gather(x, a);
    else
        r = factor(x, a, e);
    if (!r && isfinite(x->square)) {
        r = decompose(x, a, rows, vectors, e);
        svd_set_delta(x);
    }
    x->refined = 1;
    free(a);
    return r;
}

size_t svd_memory(size_t rows, size_t cols, size_t k)
{
    size_t s = rows < cols ? rows : cols, l = rows < cols ? cols : rows;
    size_t gram = s * s + PANEL * s + 4 * s + 96 * s;
    /* R or all of up to 1.6 s^2, u, right, and dgesdd's work of 3 s^2 + 7 s and
     * its blocks */
    size_t refine = 8 * s * s + 2 * PANEL * s + 2 * BLOCK * s + 80 * s;

    return 8 * ((gram > refine ? gram : refine) + k * (s + l));
}
