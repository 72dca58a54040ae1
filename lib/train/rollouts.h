/* rollouts - rewarded rollouts from record streams into groups
 *
 * A group is the n samples of one prompt, adjacent in the stream, samples 0 to
 * n - 1 in order. Unless they may be of other weights (off_policy), groups come
 * as `draw` gave them, without a gap or a repeat, from the policy trained here,
 * and those of a step from one sampler.
 */
#ifndef ULP_TRAIN_ROLLOUTS_H
#define ULP_TRAIN_ROLLOUTS_H
#include "../base/buf.h"
#include "../record/rec.h"
#include "group.h"
#include "once.h"
#include "saved.h"

struct kept;

/* Where groups come from: input streams one after the other. */
struct rollouts {
    const struct batch_opts *o; /* borrowed */
    char **paths;               /* "-" = stdin; borrowed */
    int n_paths, at;
    struct rec_reader *in;
    struct rec *held; /* read, but of the next step */
    const char *keep; /* NULL or where consumed records are kept */
    struct rec_writer *w;
    struct kept *kept; /* n_kept records that wait for w */
    size_t n_kept;
    struct buf bytes; /* of theirs, one after the other */
    int live; /* 1: a sampler on a FIFO: the stream must not end early */
    int64_t position;    /* of the next group, where prompts were drawn */
    int drawn;           /* 1: they were; 0: not; -1: no group was read yet */
    int64_t epoch;       /* of the last group, -1 without */
    int64_t seed_of;     /* the step that `seed` is of, or -1 */
    uint64_t seed;       /* the sampler's in that step */
    struct once ids;     /* of (id, epoch) */
    struct saved *saved; /* gets what is kept as well, or NULL; borrowed */
    int header_kept;     /* keep has its header */
};

/* position: of the first prompt that the run has not consumed. saved: what keep
 * begins with (saved.h), or NULL. */
int rollouts_open(struct rollouts *s, const struct batch_opts *o, char **paths,
                  int n_paths, const char *keep, int live, int64_t position,
                  struct saved *saved, struct err *e) MUST_CHECK;
/* After the last step, `step` being the one after it: a live stream must end
 * here, whole; a replay may go on, but not with more of the steps done. Commits
 * keep. */
int rollouts_finish(struct rollouts *s, int64_t step, struct err *e) MUST_CHECK;
void rollouts_close(struct rollouts *s); /* drops an uncommitted keep */
/* 1: a group of `step`; 0: no more (the input ended, or went on to the next
 * step). policy: the digest of the weights trained here. */
int rollouts_group(struct rollouts *s, int64_t step, const char *policy,
                   struct group *g, struct err *e) MUST_CHECK;
/* To be called for each group, before the next is read: its records are to be kept, with
 * `advantage` where it is trained on. They wait for rollouts_write, but where
 * they are many. */
int rollouts_keep(struct rollouts *s, const struct group *g, int trained_on,
                  struct err *e) MUST_CHECK;
/* Writes the records that wait. To be called after a step: the sampler is at
 * work by then, and the update need not wait for the file. */
int rollouts_write(struct rollouts *s, struct err *e) MUST_CHECK;
/* After rollouts_group gave 0: the error that `found` groups of the step came,
 * of the `asked` that a sampler made. */
int rollouts_short(const struct rollouts *s, int64_t step, int found, int asked,
                   struct err *e);

#endif
