/* paired - the questions of an arm and of the reference, side by side */
#ifndef ULP_REPORT_PAIRED_H
#define ULP_REPORT_PAIRED_H
#include "data.h"

/* One question of both: shares of right samples, mean over the runs. */
struct both {
    long id; /* in data.questions */
    double arm, ref, diff;
};

struct pairs {
    struct both *v; /* malloc'd */
    size_t n;
    int one; /* of a single run with one sample a question */
};

/* Questions of a task over the seeds and draws that both arms have, in order
 * of their numbers. */
struct pairs paired_questions(const struct data *d, int arm, long task);
/* 1: the arm is right more often, -1: less often, 0: as often, but for
 * rounding. */
int paired_sign(const struct both *q);
/* For qsort_r with the data: those that differ most first, then by name, so
 * that the order of the records does not matter. */
int paired_by_size(const void *x, const void *y, void *d);

#endif
