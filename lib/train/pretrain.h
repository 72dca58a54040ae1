/* pretrain - a small model from nothing: rows of prompt and response text
 *
 * A sequence is the prompt's tokens, the response's, and the end token. The
 * loss is the weighted mean of -logp over the batch: 1 for response tokens and
 * the end, prompt_loss for prompt tokens. The learning rate rises linearly
 * over `warmup` steps and falls to a tenth along a cosine. With no steps the
 * first weights are written as they are.
 */
#ifndef ULP_TRAIN_PRETRAIN_H
#define ULP_TRAIN_PRETRAIN_H
#include "../arch/params.h"
#include "../comm/comm.h"

struct pretrain_opts {
    const char *tokenizer, *config, *out, *metrics, *arm, *device;
    const char *timeline; /* a file for what each rank did when, or NULL */
    uint64_t seed, limit;
    int threads, json, quiet;
    struct config shape; /* used without config; vocab and eos are filled */
    int untied, recompute, shard_weights;
    int steps, batch, warmup, micro_batch;
    double lr, beta1, beta2, eps, weight_decay, grad_clip;
    double prompt_loss, init_std;
    struct comm *comm; /* the ranks that all run this; NULL: alone */
};

/* Trains on the rows of the inputs and writes the model into DIR out; program
 * is for the progress line. All ranks call. */
int pretrain_run(const struct pretrain_opts *o, const char *program,
                 char **inputs, int n_inputs, struct err *e) MUST_CHECK;

/* The learning rate of a step (from 0), as a fraction of the largest. */
double pretrain_schedule(int step, int steps, int warmup);
/* Weights of a new model, flat: matrices normal with init_std, those that
 * write into the residual stream (o, down) with init_std / sqrt(2 layers);
 * norms 1, biases 0. A function of seed alone. */
void pretrain_init(float *flat, const struct params *p, const struct config *c,
                   double init_std, uint64_t seed);

#endif
