/* panel - a field of an arm by task, seed and noise draw, without gaps
 *
 * The seeds are those at which the arm has every task and every draw, in
 * ascending order.
 */
#ifndef ULP_REPORT_PANEL_H
#define ULP_REPORT_PANEL_H
#include "data.h"

struct panel {
    size_t n_tasks, n_seeds, n_draws;
    int64_t *seed;
    double *v; /* [(task * n_seeds + seed) * n_draws + draw] */
};

/* Field of the tasks t[0..n); frees with panel_free. */
struct panel panel_of(const struct data *d, enum stream st, long arm,
                      const long *t, int n, int field);
void panel_free(struct panel *p);
/* The draws of one task and seed. */
const double *panel_at(const struct panel *p, size_t task, size_t seed);
/* Keeps the seeds that are in both. */
void panel_pair(struct panel *x, struct panel *y);

#endif
