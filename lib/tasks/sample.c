/* sample - choosing families and keeping the splits apart */
#include "sample.h"
#include <stdio.h>
#include <string.h>
#include "../base/hash.h"
#include "families.h"

static const struct sample_family families[] = {
    {"dm_val", "expressions and values of variables", family_dm, 18},
    {"aime24", "remainders", family_remainder, 12},
    {"aime25", "next term of a sequence", family_sequence, 12},
    {"amc23", "linear equations", family_equation, 14},
    {"math500", "fractions, reduced and taken of a number", family_fraction,
     12},
    {"gsm8k", "word problems", family_words, 16},
    {"mmlu_stem", "four choices", family_choice, 16},
    {"humaneval", "bodies of one-line Python functions", family_code, 8},
};

static const struct sample_family *all_families(int *n)
{
    *n = (int)(sizeof families / sizeof families[0]);
    return families;
}

const struct sample_family *sample_find(const char *task)
{
    int n;
    const struct sample_family *f = all_families(&n);

    if (!strcmp(task, "dm_train"))
        task = "dm_val";
    for (int i = 0; i < n; i++)
        if (!strcmp(f[i].task, task))
            return &f[i];
    return NULL;
}

static enum sample_split split_of(const struct sample *s)
{
    uint64_t h = hash_bytes(s->prompt, strlen(s->prompt)) % 10;

    return h < 2 ? SPLIT_EVAL : h < 5 ? SPLIT_TRAIN : SPLIT_PRETRAIN;
}

void sample_draw(const struct sample_family *f, enum sample_split split,
                 struct rng *r, struct sample *s)
{
    do {
        memset(s, 0, sizeof *s);
        s->verifier = "math";
        f->make(r, s);
    } while (split_of(s) != split);
}

#define HASTY_PERCENT 40

static const struct sample_family *pick(struct rng *r)
{
    int n, total = 0, x;
    const struct sample_family *f = all_families(&n);

    for (int i = 0; i < n; i++)
        total += f[i].corpus_weight;
    x = (int)rng_below(r, (uint32_t)total);
    while (x >= f->corpus_weight)
        x -= f++->corpus_weight;
    return f;
}

void sample_text(struct rng *r, struct sample *s)
{
    sample_draw(pick(r), SPLIT_PRETRAIN, r, s);
    if (rng_below(r, 100) < HASTY_PERCENT && *s->hasty)
        memcpy(s->response, s->hasty, sizeof s->response);
}
