/* gap - how far a sampler's log-probabilities may be from the trainer's
 *
 * In canonical order, with one arithmetic, they are the same bits. Else each is
 * rounded in an order of its own: logits of half types are off by some units of
 * 2^-9 of their size, and a token of probability e^-x has logits x apart. The
 * bounds are several times what was measured (NUMERICS.md: 0.2 at most), since
 * they are to find damaged records, not large roundings.
 */
#ifndef ULP_TRAIN_GAP_H
#define ULP_TRAIN_GAP_H
#include "../model/arm.h"
#include "group.h"

struct gap_bound {
    double nats, share; /* at most nats + share |logp|; nats < 0: any gap */
};

/* The bound of an arm: 0 where the bits must be the same, and wider where a
 * half type computes than between fp32 and fp32. */
struct gap_bound gap_bound(const struct arm *a);
/* The sampler's log-probabilities of s are within b of the trainer's, logp, or
 * an error names the record. */
int gap_check(const struct gap_bound *b, const struct sample *s,
              const float *logp, struct err *e) MUST_CHECK;

#endif
