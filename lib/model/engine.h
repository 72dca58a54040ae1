/* engine - a model opened in an arm on a device: what samples and scores */
#ifndef ULP_MODEL_ENGINE_H
#define ULP_MODEL_ENGINE_H
#include "../base/progress.h"
#include "model.h"

struct engine_opts {
    const char *dir, *arm, *device;
    int threads;   /* 0: one per processor */
    uint64_t seed; /* of order=shuffled */
    int sampler;   /* the arm's sampler (rollout=), and not its trainer */
    int offload;   /* the model can be parked in host memory */
};

struct engine {
    struct arm arm; /* as it was given */
    struct kernels *k;
    struct model *m;
    char digest[33]; /* of the compute weights */
    int k_is_lent;   /* k is another engine's */
};

/* The kernels of `beside` (may be NULL) serve this engine too where its arm
 * has the same order of sums; that engine is then closed last. x is to be
 * closed after an error, too. */
int engine_open(struct engine *x, const struct engine_opts *o,
                const struct engine *beside, struct err *e) MUST_CHECK;
void engine_close(struct engine *x); /* accepts a zeroed one */

/* Where "auto" looked for a GPU and found none, says so and why. */
void engine_say_device(const struct kernels *k, struct progress *p);
/* The remark of the closing line: text, the device, and the most memory that
 * its buffers held. */
void engine_note(struct kernels *k, struct progress *p, const char *text);

#endif
