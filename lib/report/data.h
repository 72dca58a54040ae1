/* data - every number of the experiment that the report speaks of
 *
 * One observation per record read. Values are looked up by stream, arm, task,
 * seed; lists over seeds come in ascending order of the seed. A seed may have
 * several noise draws: lists over seeds hold a seed's mean over its draws.
 */
#ifndef ULP_REPORT_DATA_H
#define ULP_REPORT_DATA_H
#include <stdint.h>
#include "../record/rec.h"
#include "setting.h"

/* Kinds of records. */
enum stream {
    SCORES,
    KLS,
    SPARSITIES,
    METRICS,
    DIVERGENCES,
    SPECTRA,
    N_STREAMS
};

enum { /* fields, by stream */
       S_J = 0,
       S_SE,
       S_VAR_EVAL,
       S_ACC_FORMED,
       S_FORMED,
       S_LENGTH,
       S_LIMIT,
       S_PASS_N,
       S_N,
       S_QUESTIONS,
       S_EVEN,
       S_ODD,
       K_TOKEN = 0,
       K_TOKEN_SE,
       K_SEQ,
       K_SEQ_SE,
       K_K1,
       K_K2,
       K_K3,
       K_QUESTIONS,
       P_BF16 = 0,
       P_F32,
       P_ABS,
       P_N,
       P_NON_FINITE,
       P_JACCARD,
       P_CHANCE,
       M_REWARD = 0,
       M_ACCURACY,
       M_LENGTH,
       M_GAP,
       M_SKIPPED,
       M_UPDATES,
       M_CHANGED,
       M_ENTROPY,
       M_MISSING,
       M_KL,
       M_GRAD,
       M_KEPT,
       M_DROPPED,
       M_SURPLUS,
       M_ONE_RESPONSE,
       M_NO_ADVANTAGE,
       M_LOSS_SCALE,
       M_CLIP_LOW,
       M_CLIP_HIGH,
       M_CLIP_DUAL,
       D_DIVERGENCE = 0,
       D_FIRST_STEP,
       D_FIRST_RESPONSE,
       D_FIRST_TOKEN,
       U_DRIFT = 0, /* of the update's spectrum, by SCIENCE 6b */
       U_ANGLE_LEFT,
       U_ANGLE_RIGHT,
       U_STABLE_RANK,
       U_TOP_K,
       U_PRINCIPAL,
       U_PRINCIPAL_CHANCE,
       U_LOW,
       U_LOW_CHANCE,
       N_VALUES = 20
};

/* What the weights of a sparsity or spectrum record are. */
enum scope { SCOPE_NONE, SCOPE_TENSOR, SCOPE_KIND, SCOPE_LAYER, SCOPE_TOTAL };

/* What a score record says of one question. */
struct question {
    long id; /* in data.questions */
    int32_t samples, correct;
};

struct obs {
    enum stream stream;
    long arm, task; /* in data.arms and data.tasks; task -1: none */
    int64_t seed;   /* -1: none (floor, a base evaluated once) */
    int64_t draw, replicate, step;
    enum scope scope;
    long kind, layer; /* -1: none */
    unsigned has;
    double v[N_VALUES];
    char policy[40];
    struct question *q; /* [n_q], of scores that list them; else NULL */
    size_t n_q;
};

/* How far the weights that two runs moved are the same ones. The runs differ
 * in their arm, their seed or their draw alone. */
enum over { OVER_ARM, OVER_SEED, OVER_DRAW, N_OVERS };
struct pair {
    enum over over;
    long arm[2]; /* in data.arms; the same one twice unless over is OVER_ARM */
    double jaccard, chance;
};

struct data {
    struct obs *o;
    size_t n, cap;
    struct pair *pair; /* in order of over, arms and Jaccard index */
    size_t n_pairs;
    struct names arms; /* all words seen, base and floor_* included */
    struct names tasks, kinds, questions;
    /* the arms that were trained, in the report's order, as numbers */
    long *arm;
    int n_arms;
    /* tasks in the report's order: on first; n_on of them */
    long *task;
    int n_tasks, n_on;
    long base;     /* arm number of "base", -1 without */
    int reference; /* index into arm[] */
};

/* One record into d; data_sort after the last. */
int data_add(struct data *d, struct rec *rec, struct err *e) MUST_CHECK;
/* Puts the observations, arms and tasks in the report's order. */
int data_sort(struct data *d, const struct setting *s,
              struct err *e) MUST_CHECK;
/* Who is shown each record that is read as well. */
struct data_watch {
    int (*see)(void *ctx, const struct rec_reader *in, struct rec *rec,
               struct err *e);
    void *ctx;
};
/* watch: or NULL. */
int data_read(struct data *d, const struct setting *s, char **inputs,
              int n_inputs, const struct data_watch *watch,
              struct err *e) MUST_CHECK;
void data_free(struct data *d);

/* A list over the seeds of an arm (replicate 0 only), each its mean over
 * draws. */
struct series {
    double *v;
    int64_t *seed;
    size_t n;
};
void series_free(struct series *s);
/* Keeps the seeds that are in both; returns how many. */
size_t series_pair(struct series *x, struct series *y);

/* Field of all seeds of an arm at a task. */
struct series data_series(const struct data *d, enum stream st, long arm,
                          long task, int field);
/* Field of sparsities or spectra of a kind, a layer or in total. */
struct series data_weights(const struct data *d, enum stream st, long arm,
                           enum scope scope, long which, int field);
/* Layers of which sparsities or spectra tell: the greatest, and one; or 0. */
long data_layers(const struct data *d, enum stream st);
/* The observation (of scores or KL, not a replicate) at one seed and draw, or
 * NULL. */
const struct obs *data_find(const struct data *d, enum stream st, long arm,
                            long task, int64_t seed, int64_t draw);
/* Its field; 0 when there is none. */
int data_at(const struct data *d, enum stream st, long arm, long task,
            int64_t seed, int64_t draw, int field, double *v);
/* The base's value under the evaluation stream of `seed`: its record of that
 * seed, else the one without a seed. 0 when there is none. */
int data_base(const struct data *d, enum stream st, long task, int64_t seed,
              int field, double *v);
/* J of each seed minus the base's under the same stream, averaged over the
 * tasks t[0..n); seeds that lack one are left out. */
struct series data_delta(const struct data *d, long arm, const long *t, int n);
/* Draws of an arm: one more than the largest draw number in a stream. */
int64_t data_draws(const struct data *d, enum stream st, long arm);
/* The value of base or floor_ARM, the mean where there are several; 0 when
 * there is none. */
int data_one(const struct data *d, enum stream st, long arm, long task,
             int field, double *v);
/* Task-major matrix over the tasks t[0..n) and the seeds that have all of
 * them; malloc'd. */
double *data_matrix(const struct data *d, enum stream st, long arm,
                    const long *t, int n, int field, size_t *n_seeds);
/* Mean over the tasks t[0..n) for each seed that has all of them. */
struct series data_mean(const struct data *d, enum stream st, long arm,
                        const long *t, int n, int field);
size_t data_count(const struct data *d, enum stream st);
const char *data_arm(const struct data *d, int i);
/* The place in data.arm of an arm's name, or -1. */
int data_arm_at(const struct data *d, const char *name);
const char *data_task(const struct data *d, int i);
/* arm number of floor_ARM for arm[i], or -1 */
long data_floor(const struct data *d, int i);

#endif
