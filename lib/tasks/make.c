/* make - sample task sets and the pretraining corpus */
#include "make.h"
#include <stdio.h>
#include <string.h>
#include "../base/hash.h"
#include "rows.h"
#include "seen.h"

#define TRIES 10000 /* draws without a new problem before giving up */

int make_corpus(struct file *f, unsigned long n, uint64_t seed, struct err *e)
{
    struct rng r;
    struct sample s;
    int rc = 0;

    rng_init(&r, seed, hash_bytes("corpus", 6));
    for (unsigned long i = 0; !rc && i < n; i++) {
        sample_text(&r, &s);
        rc = rows_write(f, rows_text(&s), NULL, e);
    }
    return rc;
}

int make_prompts(struct file *f, const char *task, unsigned long n,
                 uint64_t seed, struct err *e)
{
    const struct sample_family *fam = sample_find(task);
    enum sample_split split = strcmp(task, "dm_train") ? SPLIT_EVAL
                                                       : SPLIT_TRAIN;
    struct seen *seen;
    struct rng r;
    struct sample s;
    char id[64];
    int rc = 0;

    if (!fam)
        return err_set(e, ERR_USAGE,
                       "--sample: there is no task '%s' (--help lists them)",
                       task);
    seen = seen_open();
    rng_init(&r, seed, hash_bytes(task, strlen(task)));
    for (unsigned long i = 0, tries = 0; !rc && i < n;) {
        sample_draw(fam, split, &r, &s);
        if (!seen_add_prompt(seen, s.prompt)) {
            snprintf(id, sizeof id, "%s/%lu", task, i++);
            rc = rows_write(f, rows_from_sample(id, task, &s), NULL, e);
            tries = 0;
        } else if (++tries > TRIES) {
            rc = err_set(e, ERR_USAGE,
                         "--rows: the form of %s has only %lu distinct "
                         "problems in this split",
                         task, i);
        }
    }
    seen_close(&seen);
    return rc;
}
