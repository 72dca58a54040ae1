/* sec_missing - what a report of an experiment under way lacks */
#include <stdio.h>
#include <stdlib.h>
#include "cells.h"
#include "sections.h"

/* The records of one run, or of the base under one evaluation stream. */
struct got {
    long steps; /* trained: the largest step, and one */
    int scores, kls, sparsity;
    struct buf no_scores; /* "gsm8k math500": tasks without */
};

static struct got count(const struct report *r, long arm, int64_t seed,
                        int64_t draw)
{
    const struct data *d = r->d;
    struct got g = {0};

    for (size_t i = 0; i < d->n; i++) {
        const struct obs *o = &d->o[i];

        if (o->arm != arm || o->seed != seed || o->draw != draw || o->replicate)
            continue;
        if (o->stream == METRICS && o->step >= g.steps)
            g.steps = (long)o->step + 1;
        g.scores += o->stream == SCORES;
        g.kls += o->stream == KLS;
        g.sparsity += o->stream == SPARSITIES && o->scope == SCOPE_TOTAL;
    }
    for (int k = 0; k < d->n_tasks; k++)
        if (!data_find(d, SCORES, arm, d->task[k], seed, draw))
            buf_printf(&g.no_scores, "%s%s", g.no_scores.n ? " " : "",
                       data_task(d, k));
    return g;
}

static void name_of(char name[128], const char *arm, int64_t seed, int64_t draw)
{
    int n = snprintf(name, 128, "%.80s_seed%lld", arm, (long long)seed);

    if (draw)
        snprintf(name + n, 128 - (size_t)n, "_draw%lld", (long long)draw);
}

/* What is told of the runs, one by one. */
struct tally {
    struct table *t;      /* those that have a part of their records */
    struct buf not_begun; /* "bf16_seed2, bf16_seed3" */
    int due, whole;
};

static void row(const struct report *r, struct tally *y, const char *name,
                struct got *g)
{
    const struct setting *s = r->s;
    char of[32] = "-";

    if (s->steps)
        snprintf(of, sizeof of, "%ld", s->steps);
    table_cell(y->t, "%s", name);
    table_cell(y->t, "%ld", g->steps);
    table_cell(y->t, "%s", of);
    table_cell(y->t, "%d", g->scores);
    table_cell(y->t, "%d", g->kls);
    table_cell(y->t, "%d", r->d->n_tasks);
    table_cell(y->t, "%s", g->sparsity ? "yes" : "no");
    table_cell(y->t, "%s", g->scores ? buf_str(&g->no_scores) : "all");
}

static void look_at_run(const struct report *r, struct tally *y, int arm,
                        int64_t seed, int64_t draw)
{
    const struct setting *s = r->s;
    char name[128];
    struct got g;

    name_of(name, data_arm(r->d, arm), seed, draw);
    if (s->runs.n && names_find(&s->runs, name) < 0)
        return;
    g = count(r, r->d->arm[arm], seed, draw);
    y->due++;
    if (g.scores == r->d->n_tasks && g.kls == r->d->n_tasks && g.sparsity &&
        g.steps >= s->steps)
        y->whole++;
    else if (g.steps || g.scores || g.kls || g.sparsity)
        row(r, y, name, &g);
    else
        buf_printf(&y->not_begun, "%s%s", y->not_begun.n ? ", " : "", name);
    buf_free(&g.no_scores);
}

/* Accuracy is a change from the base under the same stream. */
static void look_at_base(const struct report *r, int64_t seed, struct buf *none)
{
    struct got g = {0};
    double v;

    for (int k = 0; k < r->d->n_tasks; k++)
        if (!data_base(r->d, SCORES, r->d->task[k], seed, S_J, &v))
            g.scores++;
    if (g.scores)
        buf_printf(none, "%sseed %lld (%d of %d tasks)", none->n ? ", " : "",
                   (long long)seed, g.scores, r->d->n_tasks);
}

/* The seeds of the setting, or those that there are. */
static struct names seeds_due(const struct report *r)
{
    const struct data *d = r->d;
    struct names seeds = {0};
    char word[32];

    for (size_t i = 0; i < r->s->seeds.n; i++)
        names_add(&seeds, r->s->seeds.v[i]);
    for (size_t i = 0; !r->s->seeds.n && i < d->n; i++)
        if (d->o[i].seed >= 0) {
            snprintf(word, sizeof word, "%lld", (long long)d->o[i].seed);
            names_add(&seeds, word);
        }
    return seeds;
}

static int64_t draws_due(const struct report *r, int arm)
{
    int64_t seen = data_draws(r->d, SCORES, r->d->arm[arm]);

    return r->s->draws > 0 ? r->s->draws : seen ? seen : 1;
}

static void runs(const struct report *r, struct tally *y)
{
    struct names seeds = seeds_due(r);
    struct buf no_base = {0};

    for (int a = 0; a < r->d->n_arms; a++)
        for (size_t i = 0; i < seeds.n; i++)
            for (int64_t n = 0; n < draws_due(r, a); n++)
                look_at_run(r, y, a, strtoll(seeds.v[i], NULL, 10), n);
    for (size_t i = 0; i < seeds.n; i++)
        look_at_base(r, strtoll(seeds.v[i], NULL, 10), &no_base);
    if (y->due == y->whole && !no_base.n)
        doc_note(r->doc,
                 "This page was made as if of an unfinished experiment, "
                 "but none of the %d runs lacks a record. The report without "
                 "--partial gives the verdicts.",
                 y->due);
    else
        doc_note(r->doc,
                 "This experiment is under way: %d of %d runs have all their "
                 "records. What follows is of the records that there are; "
                 "estimates and intervals will change, and those of an arm "
                 "may be over fewer seeds than another's.",
                 y->whole, y->due);
    if (y->t->n_rows > 1)
        doc_table(r->doc, y->t);
    else
        table_close(&y->t);
    if (y->not_begun.n)
        doc_para(r->doc, "Runs without any record: %s.",
                 buf_str(&y->not_begun));
    if (no_base.n)
        doc_para(r->doc, "The base model has no scores under the stream of %s.",
                 buf_str(&no_base));
    buf_free(&no_base);
    names_free(&seeds);
}

static void verdicts(const struct report *r)
{
    struct buf not_yet = {0};

    for (int a = 0; a < r->d->n_arms; a++)
        for (int h = 0; h < N_HYPOTHESES && a != r->d->reference; h++) {
            const struct finding *f = verdicts_get(r->v, a, (enum hypothesis)h);

            if (f->why)
                buf_printf(&not_yet, "%s%s of %s (%s)", not_yet.n ? "; " : "",
                           verdict_name((enum hypothesis)h), data_arm(r->d, a),
                           f->why);
        }
    doc_para(r->doc,
             "No hypothesis is decided here: a verdict on a part of the seeds "
             "would be one more look at the data than the error rates allow "
             "for.");
    if (not_yet.n)
        doc_para(r->doc, "With these records no test could be made of %s.",
                 buf_str(&not_yet));
    buf_free(&not_yet);
}

void sec_missing(const struct report *r)
{
    struct tally y = {0};

    doc_heading(r->doc, "What is missing");
    y.t = table_open("missing",
                     "Runs with a part of their records: training steps "
                     "recorded, and of how many; tasks with scores and with "
                     "KL, and how many there are; whether the last checkpoint "
                     "was compared with the base.",
                     "<run|steps|of|scores|KL|tasks|<sparsity|<no scores of");
    runs(r, &y);
    verdicts(r);
    buf_free(&y.not_begun);
}
