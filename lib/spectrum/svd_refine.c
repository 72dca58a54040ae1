/* svd_refine - by QR a panel at a time, and dgesdd of the factor R
 *
 * The matrix with its longer side down is Q R. R grows panel by panel: the
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

/* Of R, which is overwritten; vectors: right is set. */
static int decompose(struct svd *x, double *r_factor, int vectors,
                     struct err *e)
{
    size_t s = x->n_short;
    int n = (int)s, info, query = -1, *iw = xcalloc(8 * s, sizeof *iw);
    double size = 0, *u = NULL, *work;
    const char *job = vectors ? "S" : "N";

    if (vectors) {
        u = svd_doubles(s, s);
        free(x->right);
        x->right = svd_doubles(s, s);
    }
    dgesdd_(job, &n, &n, r_factor, &n, x->value, u, &n, x->right, &n, &size,
            &query, iw, &info, 1);
    query = (int)size;
    work = svd_doubles((size_t)query, 1);
    dgesdd_(job, &n, &n, r_factor, &n, x->value, u, &n, x->right, &n, work,
            &query, iw, &info, 1);
    free(u);
    free(iw);
    free(work);
    return info ? svd_failed("dgesdd", info, e) : 0;
}

int svd_refine(struct svd *x, const struct operand *o, int vectors,
               struct err *e)
{
    double *r_factor;
    int r;

    svd_start(x, o);
    r_factor = svd_doubles(x->n_short, x->n_short);
    r = factor(x, r_factor, e);
    if (!r && isfinite(x->square)) {
        r = decompose(x, r_factor, vectors, e);
        svd_set_delta(x);
    }
    x->refined = 1;
    free(r_factor);
    return r;
}

size_t svd_memory(size_t rows, size_t cols, size_t k)
{
    size_t s = rows < cols ? rows : cols, l = rows < cols ? cols : rows;
    size_t gram = s * s + PANEL * s + 4 * s + 96 * s;
    /* R, u, right, and dgesdd's work of 3 s^2 + 7 s and its blocks */
    size_t refine = 6 * s * s + 2 * PANEL * s + 2 * BLOCK * s + 80 * s;

    return 8 * ((gram > refine ? gram : refine) + k * (s + l));
}
