/* loop - what dapo-step does: steps, each with rollouts in, weights out
 *
 * Live (a FIFO): go and weights are sent to the sampler, rollouts come back on
 * the input. Replay (no FIFO): the same records from files; the same bytes
 * out. At the end a checkpoint is written.
 */
#ifndef ULP_TRAIN_LOOP_H
#define ULP_TRAIN_LOOP_H
#include "../base/cli.h"

struct loop_opts {
    const char *model, *out, *sync, *arm, *device, *keep, *metrics, *timing;
    uint64_t seed;
    int threads, json, quiet, plan;
    int recompute, release, offload;
    uint64_t device_memory; /* plan: of a card; 0: of none */
    int longest, batch;     /* plan: tokens of a sequence (0: a micro-batch of
                               one), the rollout's sequences at once */
    int steps, until; /* until = 0: steps more; else up to that step */
    int prompts, mini_batch, samples, epochs, max_gen_batches, micro_batch;
    int lr_warmup, no_dynamic, no_std, off_policy;
    double lr, beta1, beta2, eps, weight_decay, grad_clip;
    double clip_low, clip_high, dual_clip, tis, temperature;
};

/* SCIENCE 3's settings. */
#define LOOP_OPTS_INIT { \
    .arm = "fp32", .device = "auto", .metrics = "-", .seed = 1, \
    .steps = 1, .prompts = 256, .mini_batch = 64, .samples = 16, \
    .epochs = 1, .max_gen_batches = 10, .micro_batch = 4096, .batch = 64, \
    .lr = 1e-6, \
    .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01, \
    .grad_clip = 1, .clip_low = 0.2, .clip_high = 0.28, .dual_clip = 10, \
    .temperature = 1 }

/* Runs it all. program: for progress on stderr. */
int loop_run(const struct loop_opts *o, const char *program, char **inputs,
             int n_inputs, struct err *e) MUST_CHECK;
/* What loop_run would take: text lines to out, with json one record to
 * `metrics`. */
int loop_plan(const struct loop_opts *o, FILE *out, struct err *e) MUST_CHECK;

#endif
