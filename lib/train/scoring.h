/* scoring - log-probabilities and entropies of a batch, before its updates
 *
 * As training computes each sample by itself, and scoring has the same bits
 * with shared prefixes: these are computed once.
 */
#ifndef ULP_TRAIN_SCORING_H
#define ULP_TRAIN_SCORING_H
#include "../model/pack.h"
#include "batch.h"

struct scoring {
    struct model *m;
    struct pack *p;        /* every sequence of b */
    const struct batch *b; /* in the order of p, but for samples of a group */
    const int *group_end;  /* sequences up to the end of group i */
    int apart;             /* p shares no prefixes, and scoring is to */
    double temperature;
    size_t micro_tokens;
    float *logp, *entropy; /* where the tokens are */
};

/* Of sequences [from, to), which are whole groups. */
int scoring_run(const struct scoring *s, int from, int to,
                struct err *e) MUST_CHECK;

#endif
