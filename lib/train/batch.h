/* batch - rewarded rollouts from a stream into the groups of a training step
 *
 * A group is the n samples of one prompt, adjacent in the stream, samples 0 to
 * n - 1 in order. Dynamic sampling (SCIENCE 3) keeps a group iff its samples
 * are neither all correct nor all wrong; more groups are asked for until the
 * batch is full, for at most max_rounds rounds. Kept groups beyond the batch
 * are surplus: dropped and counted.
 */
#ifndef ULP_TRAIN_BATCH_H
#define ULP_TRAIN_BATCH_H
#include "../record/rec.h"

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

struct batch {
    struct group *v;  /* kept groups, in order of arrival */
    int n;
    int asked;        /* groups read; what the step consumed of the prompts */
    int dropped, surplus, rounds;
    /* over every sample read, dropped groups included */
    uint64_t n_samples, n_correct, response_tokens;
    double reward;
};

/* Tells the sampler to make n more groups for step; NULL when replaying. */
struct batch_ask {
    int (*fn)(void *ctx, int64_t step, int n, struct err *e);
    void *ctx;
};

/* How many groups the next round asks for: what is missing at the rate of
 * keeping so far, at least 1 and at most o->prompts. */
int batch_next_ask(const struct batch_opts *o, int kept, int seen);
/* Fills b (which was zeroed); what there is, when rounds or input run out. */
int batch_collect(struct batch *b, struct rollouts *s, int64_t step,
                  const char *policy, const struct batch_ask *ask,
                  struct err *e) MUST_CHECK;
void batch_free(struct batch *b);

#endif
