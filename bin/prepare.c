/* prepare - make task sets: prompts as JSON lines
 *
 * in      nothing (--sample)
 * out     one JSON object a line: id, task, prompt, answer, verifier, ...
 * memory  the prompts' hashes
 * order   a function of the seed
 */
#include "../lib/base/hash.h"
#include "../lib/tasks/rows.h"
#include "main.h"

static const char *out = "-", *sample;
static uint64_t n_rows = 100, seed = 1;

static const struct opt opts[] = {
    {OPT_STR, "output", 'o', &out, "FILE", "write here", 0, 0},
    {OPT_STR, "sample", 0, &sample, "TASK",
     "make sample problems: dm_train, dm_val, aime24, aime25, amc23, math500, "
     "gsm8k, mmlu_stem, humaneval, or corpus (pretraining text of all forms)",
     0, 0},
    {OPT_U64, "rows", 'n', &n_rows, "N", "how many rows", 0, 0},
    {OPT_U64, "seed", 0, &seed, "N", "seed of the sample problems", 0, 0},
    {0}};

static const struct cli cli = {
    .name = "prepare",
    .purpose = "make task sets: prompts as JSON lines",
    .usage = "--sample TASK [-n N] [--seed N] [-o FILE]",
    .details =
        "Sample tasks are synthetic stand-ins for the task sets whose names "
        "they bear: small arithmetic and word problems of graded difficulty, "
        "each set in a form of its own. No prompt is shared between the "
        "corpus, dm_train and an evaluation set, whatever the seeds.",
    .example = "  prepare --sample dm_val -n 3",
    .see_also = "tokenize, pretrain, draw",
    .opts = opts,
};

/* Prompts already written, as an open-addressing set of their hashes. */
struct seen {
    uint64_t *slot;
    size_t cap, n;
};

static int seen_add(struct seen *s, const char *prompt)
{
    uint64_t h = hash_bytes(prompt, strlen(prompt)) | 1;
    size_t i = (size_t)h & (s->cap - 1);

    while (s->slot[i] && s->slot[i] != h)
        i = (i + 1) & (s->cap - 1);
    if (s->slot[i])
        return 0;
    s->slot[i] = h;
    s->n++;
    return 1;
}

/* Training text may repeat a problem; prompt sets never do. */
static int write_corpus(struct file *f, struct err *e)
{
    struct rng r;
    struct sample s;

    rng_init(&r, seed, hash_bytes("corpus", 6));
    for (uint64_t i = 0; i < n_rows; i++) {
        sample_draw(sample_pick(&r), SPLIT_PRETRAIN, &r, &s);
        if (rows_write_text(f, &s, e))
            return -e->code;
    }
    return 0;
}

static int write_prompts(struct file *f, struct err *e)
{
    const struct sample_family *fam = sample_find(sample);
    enum sample_split split =
        strcmp(sample, "dm_train") ? SPLIT_EVAL : SPLIT_TRAIN;
    struct seen seen = {.cap = 1024};
    struct rng r;
    struct sample s;
    char id[64];
    int rc = 0;

    if (!fam)
        return err_set(e, ERR_USAGE, "--sample: there is no task '%s'",
                       sample);
    while (seen.cap < 2 * n_rows + 2)
        seen.cap *= 2;
    seen.slot = calloc(seen.cap, sizeof *seen.slot);
    if (!seen.slot)
        return err_set(e, ERR_USAGE, "--rows: %llu is too many",
                       (unsigned long long)n_rows);
    rng_init(&r, seed, hash_bytes(sample, strlen(sample)));
    for (uint64_t i = 0, tries = 0; !rc && i < n_rows;) {
        sample_draw(fam, split, &r, &s);
        if (seen_add(&seen, s.prompt)) {
            snprintf(id, sizeof id, "%s/%llu", sample,
                     (unsigned long long)i++);
            rc = rows_write_prompt(f, id, sample, &s, e);
            tries = 0;
        } else if (++tries > 10000) {
            rc = err_set(e, ERR_USAGE,
                         "--rows: the form of %s has only %llu distinct "
                         "problems in this split",
                         sample, (unsigned long long)i);
        }
    }
    free(seen.slot);
    return rc;
}

static int run(struct err *e)
{
    struct file *f = NULL;
    int rc;

    if (!sample)
        return err_set(e, ERR_USAGE, "--sample is needed");
    if (file_create(&f, out, e))
        return -e->code;
    rc = !strcmp(sample, "corpus") ? write_corpus(f, e) : write_prompts(f, e);
    if (!rc)
        rc = file_commit(&f, e);
    file_abort(&f);
    return rc;
}

int main(int argc, char **argv)
{
    char **args;
    struct err e = {0};

    start(&cli, argc, argv, &args);
    if (run(&e))
        return fail(&cli, &e);
    return finish(&cli);
}
