/* rollouts - rewarded rollouts from record streams into groups
 *
 * A group is the n samples of one prompt, adjacent in the stream, samples 0 to
 * n - 1 in order.
 */
#ifndef ULP_TRAIN_ROLLOUTS_H
#define ULP_TRAIN_ROLLOUTS_H
#include "../record/rec.h"
#include "group.h"

/* Where groups come from: input streams one after the other. */
struct rollouts {
    const struct batch_opts *o; /* borrowed */
    char **paths;               /* "-" = stdin; borrowed */
    int n_paths, at;
    struct rec_reader *in;
    struct rec *held; /* read, but of the next step */
    const char *keep; /* NULL or where consumed records are kept */
    struct rec_writer *w;
    int live; /* 1: a sampler on a FIFO: the stream must not end early */
};

int rollouts_open(struct rollouts *s, const struct batch_opts *o,
                char **paths, int n_paths, const char *keep, int live,
                struct err *e) MUST_CHECK;
/* After the last step: the stream must end here, whole; commits keep. */
int rollouts_finish(struct rollouts *s, struct err *e) MUST_CHECK;
void rollouts_close(struct rollouts *s); /* drops an uncommitted keep */
/* 1: a group of `step`; 0: no more (the input ended, or went on to the next
 * step). policy: the digest the samples must come from, or NULL. */
int rollouts_group(struct rollouts *s, int64_t step, const char *policy,
                 struct group *g, struct err *e) MUST_CHECK;

#endif
