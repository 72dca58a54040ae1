/* sample - one rewarded rollout, checked, out of its record */
#ifndef ULP_TRAIN_SAMPLE_H
#define ULP_TRAIN_SAMPLE_H
#include "../record/rec.h"
#include "group.h"

/* Fills tokens and logp (owned by *s), n, n_prompt, reward and correct. The
 * tokens are in the vocabulary, the sequence is no longer than the model's
 * positions, all numbers are finite and in the range that SCHEMA.md gives. */
int sample_read(struct rec *rec, const struct batch_opts *o, struct sample *s,
                struct err *e) MUST_CHECK;

#endif
