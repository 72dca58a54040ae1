/* arm_impl - the tables of arms and factors, for arm.c and arm_table.c */
#ifndef ULP_MODEL_ARM_IMPL_H
#define ULP_MODEL_ARM_IMPL_H
#include "arm.h"

enum factor_kind {
    FACTOR_WORD,  /* an int or an enum: the index of one of `values` */
    FACTOR_ORDER, /* struct arm_order */
    FACTOR_DROPOUT,
    FACTOR_SHARDS, /* an int, 1 .. ARM_SHARDS */
    FACTOR_ROLLOUT
};

struct factor {
    const char *name;
    enum factor_kind kind;
    size_t at;          /* in struct arm */
    const char *values; /* with | between them */
    const char *what;
};

struct arm_row {
    const char *name;
    const char *factors; /* those that are not as in fp32 */
    const char *what;    /* who trains so */
};

/* arm_table.c: every factor, in the order of arm_format; every named arm. */
extern const struct factor arm_factors[];
extern const int arm_n_factors;
extern const struct arm_row arm_rows[];
extern const int arm_n_rows;

#endif
