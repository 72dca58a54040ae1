/* sampler - prompts in, samples out: what rollout does
 *
 * Prompts have id and prompt_tokens; each is written as often as its task has
 * samples, with sample, seed, response_tokens, response_logprobs, finish_reason and policy.
 * A sample is a function of (seed, step, prompt id, epoch, sample number) and
 * the weights.
 */
#ifndef ULP_GENERATE_SAMPLER_H
#define ULP_GENERATE_SAMPLER_H
#include "../comm/comm.h"
#include "../model/engine.h"
#include "../record/filter.h"
#include "sampling.h"

struct sampler_opts {
    struct sampling all;
    const struct sampling *task; /* [n_tasks], the caller's: other ways */
    int n_tasks;
    int batch;         /* sequences at once */
    uint64_t kv_bytes; /* of their cache, at most; 0 = gen.h decides */
    int top_k;         /* 0 = off */
    uint64_t seed;
    int64_t step; /* mixed into the seed and set on the records; -1 = none */
    /* End tokens instead of the model's, and the text that named them, which
     * the header repeats; NULL = the model's. */
    const char *ends;
    int n_end;
    int32_t end[CONFIG_MAX_EOS];
    const char *fifo; /* the trainer says there what to do (sync.h), or NULL */
    int threads;      /* that decode the weights which come over it */
    int release; /* all but the weights goes back while the trainer works; on
                    cuda always */
    int offload; /* and the weights, which wait in host memory (MODEL_PARK) */
    struct comm *comm; /* the ranks that sample together; NULL: one */
};

/* From f's input to its output, until the input ends or the trainer says so;
 * does not close f. Weights that come over the FIFO replace x's. On ranks: all
 * call it with the same options; rank 0 alone looks at f, whose output does not
 * depend on their number, and at the FIFO. */
int sampler_run(struct engine *x, const struct sampler_opts *o,
                struct filter *f, struct err *e) MUST_CHECK;

#endif
