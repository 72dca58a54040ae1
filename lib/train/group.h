/* group - the samples of one prompt, and what a batch takes of them */
#ifndef ULP_TRAIN_GROUP_H
#define ULP_TRAIN_GROUP_H
#include <stdint.h>

struct sample {
    int32_t *tokens; /* prompt, then response */
    int n_prompt, n; /* n: both */
    float *logp;     /* [n - n_prompt], of the sampler */
    double reward, adv;
    int correct;
    uint64_t id; /* of (prompt id, epoch, sample): seeds dropout */
};

struct group {
    struct sample *v; /* n samples, owned */
    int n;
};

void group_free(struct group *g);
/* v: n pointers to the samples, in ascending order of their tokens, so that
 * those which begin alike follow each other; the same tokens stay in order. */
void group_sorted(const struct group *g, const struct sample **v);
/* 1 unless all samples are correct or all are wrong. */
int group_is_mixed(const struct group *g);

struct batch_opts {
    int prompts, samples; /* groups in a batch, samples in a group */
    int max_rounds;
    int dynamic;     /* 0: every group is kept */
    int off_policy;  /* 1: `policy` need not be the weights trained here */
    int32_t vocab;   /* tokens are in [0, vocab) */
    int max_len;     /* tokens of prompt and response */
};

#endif
