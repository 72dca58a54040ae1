/* ablation - which factor carries which part of what the last arm changes
 *
 * The arms are the setting's, in their order: the first is the reference, the
 * last the whole, and an arm named after the reference and a comma has one
 * factor on top of it. A difference is an arm's minus the reference's at the
 * same seed: those two runs differ in that factor and nothing else.
 */
#ifndef ULP_REPORT_ABLATION_H
#define ULP_REPORT_ABLATION_H
#include "../base/buf.h"
#include "data.h"

enum ablation_quantity {
    DJ_ON,
    DJ_OFF, /* accuracy minus the base's under the same stream */
    VAR_J_ON,
    VAR_J_OFF, /* of J over seeds, mean over tasks */
    KL_ON,
    KL_OFF, /* nats a token */
    SAME,   /* fraction of weights unchanged, bf16-aware */
    N_ABLATION
};

/* An arm's value and its distance from the reference. */
struct ablation_cell {
    double mean;           /* over seeds and tasks; VAR_J: the variance */
    double difference, se; /* mean over the seeds that both have, and its
                              standard error over them; VAR_J: that of normal
                              J and tasks that vary apart */
};

struct ablation {
    const struct data *d;       /* borrowed */
    struct ablation_cell *cell; /* [arm * N_ABLATION + quantity] */
    size_t *n_seeds;            /* of each arm */
};

/* d is sorted and lives longer. ERR_DATA: an arm has fewer than two seeds
 * with every record; the reference shares fewer than two with it. The caller
 * frees, after an error too. */
int ablation_of(struct ablation *a, const struct data *d,
                struct err *e) MUST_CHECK;
void ablation_free(struct ablation *a);
const struct ablation_cell *ablation_at(const struct ablation *a, int arm,
                                        enum ablation_quantity q);
/* Whether the last arm's difference is above two of its standard errors, so
 * that others can be parts of it. */
int ablation_known(const struct ablation *a, enum ablation_quantity q);
/* The differences of the arms with a single factor, added up; not of VAR_J. */
double ablation_singles(const struct ablation *a, enum ablation_quantity q);

/* The page of make ablation. */
void ablation_text(const struct ablation *a, struct buf *out);

#endif
