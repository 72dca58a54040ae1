/* page_moved - the questions that moved most between the reference and an arm,
 * and what both answered to the first of them
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "cells.h"
#include "page_impl.h"
#include "page_transcripts.h"
#include "paired.h"

enum {
    SHOWN = 5,       /* questions of an arm */
    TEXT_SHOWN = 500 /* bytes of a text */
};

struct moved {
    int task;
    struct both q;
};

static int by_size(const void *x, const void *y, void *ctx)
{
    return paired_by_size(&((const struct moved *)x)->q,
                          &((const struct moved *)y)->q, ctx);
}

/* The questions of all tasks that moved, those that moved most first;
 * malloc'd. */
static struct moved *moved_of(const struct data *d, int arm, size_t *n)
{
    struct moved *v = NULL;

    *n = 0;
    for (int k = 0; k < d->n_tasks; k++) {
        struct pairs p = paired_questions(d, arm, d->task[k]);

        v = xrealloc(v, *n + p.n + 1, sizeof *v);
        for (size_t i = 0; i < p.n; i++)
            if (paired_sign(&p.v[i]))
                v[(*n)++] = (struct moved){k, p.v[i]};
        free(p.v);
    }
    if (*n)
        qsort_r(v, *n, sizeof *v, by_size, (void *)d);
    return v;
}

static void rows(const struct report *r, struct table *t, int arm,
                 const struct moved *v, size_t n)
{
    const struct data *d = r->d;

    if (n && t->n_rows > 1)
        table_rule(t);
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        table_cell(t, "%s", data_arm(d, arm));
        table_cell(t, "%s", data_task(d, v[i].task));
        table_cell(t, "%s", d->questions.v[v[i].q.id]);
        table_cell(t, "%s", num("%.3f", v[i].q.arm));
        table_cell(t, "%s", num("%.3f", v[i].q.ref));
        table_cell(t, "%s", num("%+.3f", v[i].q.diff));
    }
}

/* On one line, at most TEXT_SHOWN bytes. */
static void text_fact(struct doc *doc, const char *key, const char *text)
{
    struct buf b = {0};
    size_t n = text ? strlen(text) : 0, shown = page_cut(text, n, TEXT_SHOWN);

    for (size_t i = 0; i < shown; i++) {
        int blank = (unsigned char)text[i] <= ' ' || text[i] == 127;

        if (!blank)
            buf_put(&b, text + i, 1);
        else if (b.n && b.p[b.n - 1] != ' ')
            buf_puts(&b, " ");
    }
    if (shown < n)
        buf_puts(&b, " [...]");
    doc_fact(doc, key, "%s", b.n ? buf_str(&b) : "(nothing)");
    buf_free(&b);
}

static void answer_fact(const struct report *r, int arm, const struct text *t)
{
    char key[160];

    snprintf(key, sizeof key, "%.120s, %s", data_arm(r->d, arm),
             t->correct ? "right" : "wrong");
    text_fact(r->doc, key, t->response);
}

/* The first of v[0..n) whose answers are there. */
static int both_sides(const struct page *p, const struct report *r, int arm,
                      const struct moved *v, size_t n, struct err *e)
{
    struct text side[2];
    int x = 0;

    for (size_t i = 0; !x && i < n && i < SHOWN; i++) {
        x = page_sides(p, r, arm, v[i].task, v[i].q.id, side, e);
        if (x <= 0)
            continue;
        doc_para(r->doc, "%s, %s beside %s, sample %lld of the first seed:",
                 r->d->questions.v[v[i].q.id], data_arm(r->d, arm),
                 data_arm(r->d, r->d->reference), (long long)side[0].sample);
        text_fact(r->doc, "question", side[0].prompt);
        text_fact(r->doc, "right answer", side[0].answer);
        answer_fact(r, r->d->reference, &side[0]);
        answer_fact(r, arm, &side[1]);
        page_text_free(&side[0]);
        page_text_free(&side[1]);
    }
    return x < 0 ? x : 0;
}

int page_moved(const struct page *p, const struct report *r, struct err *e)
{
    const struct data *d = r->d;
    struct moved **v;
    size_t *n;
    struct table *t;
    int x = 0;

    if (d->n_arms < 2 || !d->questions.n)
        return 0;
    v = xcalloc((size_t)d->n_arms, sizeof *v);
    n = xcalloc((size_t)d->n_arms, sizeof *n);
    t = table_open("moved",
                   "The questions that moved most between the reference and "
                   "each arm: shares of right samples, mean over the seeds and "
                   "draws of both. Among many questions the largest "
                   "differences are large by chance too.",
                   "<arm|<task|<question|J arm|J reference|difference");
    t->merge = 1;
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference) {
            v[a] = moved_of(d, a, &n[a]);
            rows(r, t, a, v[a], n[a]);
        }
    doc_table(r->doc, t);
    for (int a = 0; !x && a < d->n_arms; a++)
        x = both_sides(p, r, a, v[a], n[a], e);
    doc_para(
        r->doc,
        "tables/questions_moved.tsv has more, by task. report.html has the "
        "answers of both sides; so has bin/show --where 'id == \"ID\"' "
        "--field response on the runs' responses.");
    for (int a = 0; a < d->n_arms; a++)
        free(v[a]);
    free(v);
    free(n);
    return x;
}
