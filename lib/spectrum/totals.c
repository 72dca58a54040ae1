/* totals - sums over matrices, and the fields made of them */
#include "totals.h"
#include <math.h>
#include <stdio.h>

void totals_add(struct totals *t, const struct matrix *x)
{
    const struct overlap *o = &x->overlap;

    t->n += (uint64_t)x->rows * x->cols;
    t->n_matrices++;
    t->square_base += x->square_base;
    t->square_drift += x->square_drift;
    t->square_error += x->drift_error * x->drift_error;
    t->left.angle_max = fmax(t->left.angle_max, x->left.angle_max);
    t->left.angle_mean += x->left.angle_mean * (double)x->k;
    t->right.angle_max = fmax(t->right.angle_max, x->right.angle_max);
    t->right.angle_mean += x->right.angle_mean * (double)x->k;
    t->angle_error = fmax(t->angle_error, x->angle_error);
    t->k += x->k;
    t->square_delta += x->square_delta;
    t->square_delta_top += x->square_delta_top;
    if (x->s1_delta > 0) {
        t->stable_rank += x->square_delta / (x->s1_delta * x->s1_delta);
        t->n_moved++;
    }
    t->n_changed += o->n_changed;
    for (int i = 0; i < N_OVERLAPS && o->n; i++) {
        t->both[i] += o->both[i];
        t->expected[i] += (double)o->n_changed * (double)o->mask[i] /
                          (double)o->n;
    }
}

static void set_drift(const struct totals *t, struct rec *rec)
{
    if (!(t->square_base > 0))
        return;
    rec_set_f64(rec, "nss", sqrt(t->square_drift / t->square_base));
    rec_set_f64(rec, "nss_error", sqrt(t->square_error / t->square_base));
}

static void set_angles(const struct totals *t, struct rec *rec)
{
    double k = (double)t->k;

    if (!t->k)
        return;
    rec_set_f64(rec, "angle_left_max", t->left.angle_max);
    rec_set_f64(rec, "angle_left_mean", t->left.angle_mean / k);
    rec_set_f64(rec, "angle_right_max", t->right.angle_max);
    rec_set_f64(rec, "angle_right_mean", t->right.angle_mean / k);
    rec_set_f64(rec, "angle_error", t->angle_error);
}

static void set_delta(const struct totals *t, struct rec *rec)
{
    rec_set_f64(rec, "norm_delta", sqrt(t->square_delta));
    if (!t->n_moved)
        return;
    rec_set_f64(rec, "stable_rank_delta", t->stable_rank / (double)t->n_moved);
    rec_set_f64(rec, "topk_delta", t->square_delta_top / t->square_delta);
}

static void set_overlap(const struct totals *t, struct rec *rec)
{
    static const char *const name[] = {"principal", "low", "low_only"};
    double m = (double)t->n_changed;

    rec_set_u64(rec, "n_changed", t->n_changed);
    for (int i = 0; i < N_OVERLAPS && t->n_changed; i++) {
        char field[64];

        snprintf(field, sizeof field, "overlap_%s", name[i]);
        rec_set_f64(rec, field, (double)t->both[i] / m);
        snprintf(field, sizeof field, "overlap_%s_chance", name[i]);
        rec_set_f64(rec, field, t->expected[i] / m);
    }
}

void totals_set(const struct totals *t, int parts, struct rec *rec)
{
    if (parts & SPECTRUM_DRIFT)
        set_drift(t, rec);
    if (parts & SPECTRUM_ANGLES)
        set_angles(t, rec);
    if (parts & SPECTRUM_DELTA)
        set_delta(t, rec);
    if (parts & SPECTRUM_OVERLAP)
        set_overlap(t, rec);
}

void totals_set_matrix(const struct matrix *x, int parts, struct rec *rec)
{
    rec_set_u64(rec, "rows", x->rows);
    rec_set_u64(rec, "cols", x->cols);
    if (parts & SPECTRUM_ANGLES)
        rec_set_u64(rec, "k", x->k);
    if (parts & SPECTRUM_DRIFT) {
        rec_set_f64(rec, "sigma_1_base", x->s1_base);
        rec_set_f64(rec, "sigma_1", x->s1);
    }
    if (x->values) {
        rec_set_f32s(rec, "values_base", x->values_base, x->n_short);
        rec_set_f32s(rec, "values", x->values, x->n_short);
    }
}
