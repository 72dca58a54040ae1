/* group - the samples of one prompt, and what a batch takes of them */
#ifndef ULP_TRAIN_GROUP_H
#define ULP_TRAIN_GROUP_H
#include <stdint.h>

struct pack;

struct sample {
    int32_t *tokens; /* prompt, then response */
    int n_prompt, n; /* n: both */
    float *logp;     /* [n - n_prompt], of the sampler */
    double reward;
    double adv; /* group_advantages */
    double was; /* the record's `advantage`, of a run that kept it; or NAN */
    int correct;
    uint64_t id;       /* of (prompt id, epoch, sample): seeds dropout */
    const char *input; /* for messages: where it was read; lent */
    uint64_t record;   /* its number there, from 1 */
};

struct group {
    struct sample *v; /* n samples, owned */
    int n;
    int64_t skipped; /* prompts drawn before it that never came */
};

/* Frees the samples; *g is zero after. */
void group_free(struct group *g);
/* v: n pointers to the samples, in ascending order of their tokens, so that
 * those which begin alike follow each other; the same tokens stay in order. */
void group_sorted(const struct group *g, const struct sample **v);
/* n samples behind the sequences of p; share: what they begin with is computed
 * once. */
void group_pack(struct pack *p, const struct sample *const *v, int n,
                int share);
/* 1 unless all samples are correct or all are wrong. */
int group_is_mixed(const struct group *g);
/* 1: two samples or more, and all responses are the same tokens. */
int group_is_one_response(const struct group *g);
/* Fills adv of every sample (dapo.h). 1: all are 0. */
int group_advantages(struct group *g, int by_std);
/* 1: a run that kept the group had other advantages, or (not trained_on) had
 * some. */
int group_is_changed(const struct group *g, int trained_on);

struct batch_opts {
    int prompts, samples; /* groups in a batch, samples in a group */
    int max_rounds;
    int dynamic;    /* 0: every group is kept */
    int by_std;     /* divide advantages by the group's standard deviation */
    int off_policy; /* 1: of other weights: policy, seed, position and the
                        number of groups may be any */
    int32_t vocab;  /* tokens are in [0, vocab) */
    int max_len;    /* tokens of prompt and response */
};

#endif
