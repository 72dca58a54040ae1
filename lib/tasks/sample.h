/* sample - synthetic stand-ins for the experiment's task sets
 *
 * Families of small arithmetic and word problems, of graded difficulty, each
 * with its own form. A problem's split follows from the hash of its prompt, so
 * no prompt is ever shared between the pretraining corpus, the training set
 * and an evaluation set, whatever seeds are used.
 */
#ifndef ULP_TASKS_SAMPLE_H
#define ULP_TASKS_SAMPLE_H
#include "../base/err.h"
#include "../base/rng.h"

struct sample {
    char prompt[512];
    char response[256]; /* a worked answer: what the corpus teaches */
    char hasty[256];    /* an answer that stops after the first of two steps;
                           empty where there is one */
    char answer[64];
    const char *verifier; /* "math", "choice" or "code" */
    int n_choices;
    char choices[4][32];
    const char *entry_point; /* code: the function's name */
    char test[512];          /* code: HumanEval's check(candidate) */
};

/* The parts that share no prompt. */
enum sample_split { SPLIT_PRETRAIN, SPLIT_TRAIN, SPLIT_EVAL };

/* A family writes one problem of its own random difficulty. */
struct sample_family {
    const char *task; /* the evaluation task it stands in for */
    const char *about;
    void (*make)(struct rng *r, struct sample *s);
    int corpus_weight; /* share of the pretraining corpus */
};

/* The family of an evaluation task, or of "dm_train" (that of dm_val); NULL
 * when there is none. */
const struct sample_family *sample_find(const char *task);

/* The next problem of a family in a split. */
void sample_draw(const struct sample_family *f, enum sample_split split,
                 struct rng *r, struct sample *s);
/* The next row of the pretraining corpus: a family by weight, a problem of
 * the pretraining split, and a worked answer. Like text from the web, the
 * corpus has bad habits: HASTY_PERCENT of the answers that need two steps are
 * hasty, in every family. A base model learns both ways; only the reward tells
 * them apart. */
void sample_text(struct rng *r, struct sample *s);

#endif
