/* loop - what dapo-step does: steps, each with rollouts in, weights out
 *
 * Live (a FIFO): go and weights are sent to the sampler, rollouts come back on
 * the input. Replay (no FIFO): the same records from files; the same bytes
 * out. At the end a checkpoint is written.
 */
#ifndef ULP_TRAIN_LOOP_H
#define ULP_TRAIN_LOOP_H
#include "../base/cli.h"
#include "../comm/comm.h"
#include "../model/micro.h"
#include "adamw.h"
#include "hyper.h"

struct loop_opts {
    const char *model, *out, *sync, *arm, *device, *keep, *metrics, *timing;
    const char *live;     /* see live.h; or NULL */
    const char *timeline; /* a file for what each rank did when, or NULL */
    const char *save;     /* a directory, see saved.h; or NULL */
    int save_every;       /* seconds */
    uint64_t seed;
    int threads, json, quiet, plan;
    int recompute, release, offload, shard_weights;
    int sync_full; /* all weights after each step, and not what changed */
    uint64_t device_memory; /* plan: of a card; 0: of none */
    int plan_ranks;         /* plan: so many, */
    int plan_apart;         /* which share no memory */
    int longest, batch;     /* plan: tokens of a sequence (0: a micro-batch of
                               one), the rollout's sequences at once */
    int steps, until;       /* until = 0: steps more; else up to that step */
    int micro_batch, off_policy;
    HYPER(HYPER_MEMBER) /* hyper.h */
    struct comm *comm;  /* the ranks that all run this; NULL: alone */
};

/* SCIENCE 3's settings. */
#define LOOP_OPTS_INIT                                                         \
    {                                                                          \
        .arm = "fp32", .device = "auto", .metrics = "-", .seed = 1,            \
        .steps = 1, .micro_batch = MICRO_TOKENS, .batch = 64,                  \
        .save_every = 600, HYPER(HYPER_INIT)                                   \
    }

/* 1: updates leave the sampler's weights as they were in the gradients' memory
 * (adamw_update_keeping); where several make a step, those before the first are
 * copied until the step is done. Else a copy is always kept, unless
 * sync_full. */
static inline int loop_keeps(const struct loop_opts *o, const struct arm *a,
                             int ranks, int own_memory)
{
    return !o->sync_full &&
           adamw_can_keep(a, arm_sampler(a).compute, ranks, own_memory);
}

/* Runs it all. program: for progress on stderr. Rank 0 alone reads inputs,
 * writes outputs, and talks to the sampler. */
int loop_run(const struct loop_opts *o, const char *program, char **inputs,
             int n_inputs, struct err *e) MUST_CHECK;
/* What loop_run would take: text lines to out, with json one record to
 * `metrics`. */
int loop_plan(const struct loop_opts *o, FILE *out, struct err *e) MUST_CHECK;

#endif
