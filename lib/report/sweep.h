/* sweep - arms at several learning rates (SCIENCE 7): each against the
 * reference at the same rate, each at its best, and at the same KL to the base
 *
 * A point is an arm at a learning rate; the records name it like an arm, and
 * the setting has a line "point NAME" = "ARM LR" for each. Every comparison is
 * made into the records of a small experiment of its own, so that its verdicts
 * are those of verdict.h, adjusted over that comparison.
 */
#ifndef ULP_REPORT_SWEEP_H
#define ULP_REPORT_SWEEP_H
#include "verdict.h"

struct sweep_point {
    int arm;   /* in data.arm */
    size_t of; /* in sweep.arms: the arm without its learning rate */
    double lr;
};

struct sweep {
    const struct data *d; /* borrowed */
    const struct setting *s;
    struct names arms;     /* in the order of the points; the first one is the
                          reference */
    struct sweep_point *p; /* in the order of the setting's arms */
    int n;
};

/* d is sorted. ERR_DATA: a point without its line, or a line that is none; two
 * points of the same arm and rate; fewer than two arms. */
int sweep_open(struct sweep *w, const struct data *d, const struct setting *s,
               struct err *e) MUST_CHECK;
void sweep_free(struct sweep *w);
const char *sweep_arm(const struct sweep *w, int point);
/* The point of an arm at a rate, or -1. */
int sweep_find(const struct sweep *w, size_t of, double lr);
/* The point of an arm with the greatest mean on-task J over seeds (of several
 * the smallest rate); -1 where none has scores. */
int sweep_best(const struct sweep *w, size_t of);
/* Whether it is the smallest or the greatest rate of its arm. */
int sweep_at_edge(const struct sweep *w, int point);

/* A few points as an experiment of their own. */
struct comparison {
    struct data d;
    struct setting s;
    struct verdicts v; /* of comparison_end */
    int judged;
};

/* With the records of the base alone; its tasks have the numbers that they
 * have in w. comparison_free frees it. */
void comparison_open(struct comparison *c, const struct sweep *w);
/* The records of a point, under the name of its arm. */
void comparison_add(struct comparison *c, const struct sweep *w, int point);
/* The reference as it would be at the KL of a point, under the reference's
 * name: for each seed, between the two points of the reference at that seed
 * whose on-task KL (mean logarithm over tasks) lie around it, J linearly and
 * KL geometrically. Seeds whose KL lies beyond those of the reference are left
 * out. Returns how many are not. */
size_t comparison_add_matched(struct comparison *c, const struct sweep *w,
                              int point);
/* Verdicts against the reference. */
int comparison_end(struct comparison *c, const struct sweep *w,
                   struct err *e) MUST_CHECK;
void comparison_free(struct comparison *c);

/* The page and its tables. */
struct doc;
int sweep_page(struct doc *doc, const struct sweep *w,
               struct err *e) MUST_CHECK;

#endif
