/* recheck - a group of a replay that is not trained on: are its
 * log-probabilities the trainer's too? */
#ifndef ULP_TRAIN_RECHECK_H
#define ULP_TRAIN_RECHECK_H
#include "../model/model.h"
#include "gap.h"

struct recheck {
    double temperature;
    size_t micro_tokens;
    int apart; /* every sample by itself (struct arm) */
    struct gap_bound gap;
};

/* Scores the group under m, and names the first record beyond the bound. */
int recheck_group(struct model *m, const struct group *g,
                  const struct recheck *o, struct err *e) MUST_CHECK;

#endif
