/* responses - where the rollouts of two runs first differ (SCIENCE 7) */
#ifndef ULP_COMPARE_RESPONSES_H
#define ULP_COMPARE_RESPONSES_H
#include <stdint.h>
#include "../base/err.h"

struct first_difference {
    uint64_t same; /* responses before it, all of them where there is none */
    int found;
    int64_t step;     /* of its response; -1: the records have no step */
    int64_t response; /* how many responses of that step come before it */
    int64_t token;    /* the first that differs, or at which one response ends;
                         -1: another prompt was sampled, or one side ends */
};

/* Streams of rollouts in the order of training; read up to the difference. */
int responses_compare(struct first_difference *d, const char *a, const char *b,
                      struct err *e) MUST_CHECK;

#endif
