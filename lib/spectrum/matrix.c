/* matrix - two decompositions, and a third of the difference
 *
 * The fast way of svd.h is taken where its bound is good enough, and the slow
 * one where it is not: a drift to TOLERANCE of itself, an angle to TOLERANCE
 * radians, a rank without doubt. Without a drift large matrices are not
 * decomposed at all where leading.h finds their subspaces.
 */
#include "matrix.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "angles.h"
#include "leading.h"
#include "svd.h"
#include "svd_impl.h"

#define TOLERANCE 2e-7
#define DEGREES (180 / 3.14159265358979323846)

struct work {
    const struct matrix_opts *o;
    struct matrix *out;
    struct svd side[2];  /* before, after */
    double *u[2], *v[2]; /* of its shorter and longer side */
    size_t k_base;       /* vectors of the base */
    double bound[2];     /* of a subspace, radians */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int not_finite(struct err *e)
{
    return err_set(e, ERR_DATA, "a value is not finite");
}

/* Of a single factorisation QR is the better one: its bound holds always. */
static int decompose(struct work *w, int i, const struct operand *o,
                     struct err *e)
{
    struct svd *x = &w->side[i];
    int r = w->o->parts == SPECTRUM_DRIFT ? svd_refine(x, o, 0, e)
                                          : svd_gram(x, o, e);

    return r || isfinite(x->square) ? r : not_finite(e);
}

/* The values alone. */
static int refine(struct svd *x, struct err *e)
{
    return x->refined ? 0 : svd_refine(x, &x->of, 0, e);
}

/* ---- drift ---------------------------------------------------------- */

static double error_norm(const struct svd *x)
{
    double sum = 0;

    for (size_t i = 0; i < x->n_short; i++)
        sum += svd_bound(x, i) * svd_bound(x, i);
    return sqrt(sum);
}

static void measure_drift(struct work *w)
{
    struct matrix *x = w->out;
    const struct svd *a = &w->side[0], *b = &w->side[1];

    x->square_base = x->square_drift = 0;
    for (size_t i = 0; i < a->n_short; i++) {
        double d = b->value[i] - a->value[i];

        x->square_base += a->value[i] * a->value[i];
        x->square_drift += d * d;
    }
    x->s1_base = a->value[0];
    x->s1 = b->value[0];
    x->drift_error = x->moved ? error_norm(a) + error_norm(b) : 0;
}

static float *kept_values(const struct svd *x)
{
    float *v = xcalloc(x->n_short, sizeof *v);

    for (size_t i = 0; i < x->n_short; i++)
        v[i] = (float)x->value[i];
    return v;
}

/* Every value as exact as float32 can show it, or as the slow way has it. */
static int shows_all(const struct svd *x)
{
    size_t i = 0;

    while (i < x->n_short && svd_bound(x, i) <= TOLERANCE * x->value[i])
        i++;
    return i == x->n_short || x->value[0] == 0;
}

static int drift(struct work *w, struct err *e)
{
    struct matrix *x = w->out;
    int r = 0, slow;

    measure_drift(w);
    slow = x->drift_error > TOLERANCE * sqrt(x->square_drift);
    for (int i = 0; i < 2 && !r; i++)
        if (slow || (w->o->values && !shows_all(&w->side[i])))
            r = refine(&w->side[i], e);
    measure_drift(w);
    if (!r && w->o->values) {
        x->values_base = kept_values(&w->side[0]);
        x->values = kept_values(&w->side[1]);
    }
    return r;
}

/* ---- leading subspaces ---------------------------------------------- */

static int rank(struct work *w, int i, long *rank, struct err *e)
{
    size_t k = least(w->o->k, w->side[i].n_short);
    int r = 0;

    *rank = svd_rank(&w->side[i], k);
    if (*rank < 0) {
        r = refine(&w->side[i], e);
        *rank = svd_rank(&w->side[i], k);
    }
    return r;
}

/* The slow way helps where only the squares are too close. */
static int sharpen(struct svd *x, size_t k, struct err *e)
{
    double s = k ? x->value[k - 1] : 0;
    double next = k && k < x->n_short ? x->value[k] : 0;

    if (x->right || svd_angle_bound(x, k) <= TOLERANCE ||
        (s - next) * x->value[0] * TOLERANCE < x->delta)
        return 0;
    return svd_refine(x, &x->of, 1, e);
}

static int vectors(struct work *w, int i, size_t k, struct err *e)
{
    struct svd *x = &w->side[i];
    int r;

    w->u[i] = svd_doubles(k, x->n_short);
    w->v[i] = svd_doubles(k, x->n_long);
    r = svd_short(x, k, w->u[i], e);
    if (r && !x->right) { /* no convergence: the other way may */
        r = svd_refine(x, &x->of, 1, e);
        if (!r)
            r = svd_short(x, k, w->u[i], e);
    }
    if (!r)
        svd_long(x, k, w->u[i], w->v[i]);
    return r;
}

static void overlap(struct work *w, const struct operand *before,
                    const struct operand *after)
{
    const double *u = w->u[0], *v = w->v[0];
    int wide = operand_is_wide(before);

    if (w->o->parts & SPECTRUM_OVERLAP && w->out->moved)
        overlap_count(&w->out->overlap, before, after, w->o->eta, w->k_base,
                      wide ? u : v, wide ? v : u);
}

static int one_side(struct side *s, const double *q0, double *q1, size_t n,
                    size_t k, struct err *e)
{
    double *angle = svd_doubles(k, 1);
    int r = angles_between(q0, q1, n, k, angle, e);
    double sum = 0;

    for (size_t i = 0; i < k; i++) {
        sum += angle[i];
        s->angle_max = fmax(s->angle_max, angle[i] * DEGREES);
    }
    s->angle_mean = sum / (double)k * DEGREES;
    free(angle);
    return r;
}

static int angles(struct work *w, const struct operand *of, struct err *e)
{
    struct matrix *x = w->out;
    size_t n_short = operand_short(of), n_long = operand_long(of);
    int wide = operand_is_wide(of), r = 0;
    struct side *of_short = wide ? &x->left : &x->right;
    struct side *of_long = wide ? &x->right : &x->left;

    if (!x->k || !x->moved)
        return 0;
    x->angle_error = fmin(90, DEGREES * (w->bound[0] + w->bound[1]));
    for (int i = 0; i < 2 && !r; i++)
        r = svd_orthonormal(w->v[i], n_long, x->k, e);
    if (!r)
        r = one_side(of_short, w->u[0], w->u[1], n_short, x->k, e);
    if (!r)
        r = one_side(of_long, w->v[0], w->v[1], n_long, x->k, e);
    return r;
}

/* 1: u, v, and what goes with them are set, without a decomposition. */
static int leading(struct work *w, const struct operand *before,
                   const struct operand *after)
{
    const struct operand *of[2] = {before, after};
    struct leading x[2];
    size_t k = w->o->k;
    int n = w->o->parts & SPECTRUM_ANGLES ? 2 : 1, found;

    if (!w->out->moved || !leading_is_faster(before, k))
        return 0;
    for (int i = 0; i < n; i++) {
        x[i].u = w->u[i] = svd_doubles(k, w->out->n_short);
        x[i].v = w->v[i] = svd_doubles(k, operand_long(before));
    }
    found = leading_subspaces(x, n, of, k, w->out->square_delta);
    for (int i = 0; i < n; i++) {
        w->bound[i] = x[i].bound;
        if (!found) {
            free(w->u[i]);
            free(w->v[i]);
            w->u[i] = w->v[i] = NULL;
        }
    }
    w->k_base = k;
    w->out->k = found && n == 2 ? k : 0;
    return found;
}

static int subspaces(struct work *w, struct err *e)
{
    struct matrix *x = w->out;
    int with_angles = w->o->parts & SPECTRUM_ANGLES;
    long of_base, of_run = 0;
    int r = rank(w, 0, &of_base, e);

    if (!r && with_angles)
        r = rank(w, 1, &of_run, e);
    if (r)
        return r;
    w->k_base = (size_t)of_base;
    x->k = least((size_t)of_base, (size_t)of_run);
    if (x->moved)
        r = sharpen(&w->side[0], w->k_base, e);
    for (int i = 0; i < 2 && with_angles && x->moved && !r; i++)
        r = sharpen(&w->side[i], x->k, e);
    if (!r)
        r = vectors(w, 0, w->k_base, e);
    if (!r && with_angles && x->moved)
        r = vectors(w, 1, x->k, e);
    for (int i = 0; i < 2; i++)
        w->bound[i] = svd_angle_bound(&w->side[i], x->k);
    return r;
}

/* Overlap and angles of the vectors that are there. */
static int compare(struct work *w, const struct operand *before,
                   const struct operand *after, struct err *e)
{
    overlap(w, before, after);
    return w->o->parts & SPECTRUM_ANGLES ? angles(w, before, e) : 0;
}

/* ---- the update itself ---------------------------------------------- */

/* Sets moved; with SPECTRUM_DELTA the spectrum as well. Largest values and
 * sums of squares lose nothing to the fast way. */
static int difference(struct work *w, const struct operand *before,
                      const struct operand *after, struct err *e)
{
    struct operand o = *after;
    struct matrix *x = w->out;
    struct svd d = {0};
    int r;

    o.b = before->a;
    o.type_b = before->type_a;
    x->moved = operand_square(&o, &x->square_delta);
    if (!isfinite(x->square_delta))
        return not_finite(e);
    if (!(w->o->parts & SPECTRUM_DELTA) || !x->moved)
        return 0;
    r = svd_gram(&d, &o, e);
    if (!r && isfinite(d.square)) {
        x->s1_delta = d.value[0];
        for (size_t i = 0; i < least(w->o->k, d.n_short); i++)
            x->square_delta_top += d.value[i] * d.value[i];
        x->square_delta_top = fmin(x->square_delta_top, x->square_delta);
    }
    svd_close(&d);
    return r;
}

int matrix_of(struct matrix *x, const struct operand *before,
              const struct operand *after, const struct matrix_opts *o,
              struct err *e)
{
    struct work w = {.o = o, .out = x};
    const struct operand *of[2] = {before, after};
    int vectors_due = o->parts & (SPECTRUM_ANGLES | SPECTRUM_OVERLAP);
    int found = 0, r;

    memset(x, 0, sizeof *x);
    x->rows = before->rows;
    x->cols = before->cols;
    x->n_short = operand_short(before);
    r = difference(&w, before, after, e);
    if (!r && vectors_due && !(o->parts & SPECTRUM_DRIFT))
        found = leading(&w, before, after);
    for (int i = 0; i < 2 && !r && !found && o->parts != SPECTRUM_DELTA; i++)
        r = decompose(&w, i, of[i], e);
    if (!r && o->parts & SPECTRUM_DRIFT)
        r = drift(&w, e);
    if (!r && vectors_due && !found)
        r = subspaces(&w, e);
    if (!r && vectors_due)
        r = compare(&w, before, after, e);
    for (int i = 0; i < 2; i++) {
        svd_close(&w.side[i]);
        free(w.u[i]);
        free(w.v[i]);
    }
    if (r)
        matrix_free(x);
    return r;
}

void matrix_free(struct matrix *x)
{
    free(x->values_base);
    free(x->values);
    x->values_base = x->values = NULL;
}

size_t matrix_memory(size_t rows, size_t cols, const struct matrix_opts *o)
{
    size_t s = least(rows, cols), k = least(o->k, s);
    size_t both = 2 * svd_memory(rows, cols, k);

    return both + (o->parts & SPECTRUM_OVERLAP ? 4 * rows * cols : 0);
}
