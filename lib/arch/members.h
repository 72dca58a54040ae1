/* members - what the readers of config.json share; internal to lib/arch */
#ifndef ULP_ARCH_MEMBERS_H
#define ULP_ARCH_MEMBERS_H
#include <jansson.h>
#include "arch.h"

/* Absent members count as null. */
static inline int is_null(const json_t *v)
{
    return !v || json_is_null(v);
}

/* "WHERE: KEY is VALUE: only EXPECTED is implemented" */
int member_refuse(const json_t *v, const char *where, const char *key,
                  const char *expected, struct err *e);
/* An int from 1 on; *out is left alone when absent and not required. */
int member_size(const json_t *o, const char *where, const char *key,
                int required, int *out, struct err *e) MUST_CHECK;

/* ---- config_rope.c ---- */
/* rope_theta and scaled positions: at the top, in rope_scaling, or in
 * transformers 5's rope_parameters, nested under full_attention or not. */
int rope_from_json(struct config *c, const json_t *o, const char *where,
                   struct err *e) MUST_CHECK;
/* rope_theta and rope_scaling into o. */
void rope_to_json(const struct config *c, json_t *o);

#endif
