/* page_transcripts - answers out of the responses of the evaluation */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "page_impl.h"
#include "page_transcripts.h"

struct texts { /* of one question and model */
    struct text *t;
    size_t n;
};

size_t page_transcripts_most(const struct data *d)
{
    size_t each = (size_t)d->n_tasks * (size_t)(d->n_arms + 2) * TEXT_BYTES;
    size_t n = each ? TRANSCRIPTS_BYTES / each : 0;

    return n < 1 ? 1 : n > TRANSCRIPTS_MOST ? TRANSCRIPTS_MOST : n;
}

/* The run of an arm's first seed, or of the base under that seed's stream. */
static const char *run_of(const struct page *p, const char *arm, int64_t seed)
{
    const struct place *best = NULL;

    for (size_t i = 0; i < p->n.n_at; i++) {
        const struct place *x = &p->n.at[i];

        if (strcmp(numbers_word(&p->n, x->kind), "scores") ||
            strcmp(numbers_word(&p->n, x->arm), arm) || x->run < 0 || x->draw ||
            x->replicate || (seed >= 0 && x->seed != seed && x->seed != -1))
            continue;
        if (!best || x->seed < best->seed)
            best = x;
    }
    return best ? numbers_word(&p->n, best->run) : NULL;
}

static int64_t first_seed(const struct report *r)
{
    for (size_t i = 0; i < r->d->n; i++)
        if (r->d->o[i].stream == SCORES &&
            r->d->o[i].arm == r->d->arm[r->d->reference])
            return r->d->o[i].seed; /* observations are in order of it */
    return -1;
}

/* At most TEXT_BYTES, ended before a character that would be cut. */
static char *copy(struct rec *rec, const char *field, size_t *left_out)
{
    struct rec_str s;
    size_t n;
    char *c;

    if (rec_get_text(rec, field, &s, NULL) <= 0)
        return NULL;
    n = page_cut(s.s, s.n, TEXT_BYTES);
    if (left_out)
        *left_out = s.n - n;
    c = xmalloc(n + 1);
    memcpy(c, s.s, n);
    c[n] = 0;
    for (size_t i = 0; i < n; i++) /* a NUL in a text ends it for no one */
        if (!c[i])
            c[i] = ' ';
    return c;
}

static void keep(struct texts *to, struct rec *rec)
{
    struct text t = {0};

    if (rec_get_i64(rec, "sample", &t.sample, NULL) < 0 ||
        rec_get_bool(rec, "correct", &t.correct, NULL) < 0)
        return;
    t.prompt = copy(rec, "prompt", NULL);
    t.answer = copy(rec, "answer", NULL);
    t.response = copy(rec, "response", &t.left_out);
    t.extracted = copy(rec, "extracted_answer", NULL);
    to->t = xrealloc(to->t, to->n + 1, sizeof *to->t);
    to->t[to->n++] = t;
}

void page_text_free(struct text *t)
{
    free(t->prompt);
    free(t->answer);
    free(t->response);
    free(t->extracted);
    memset(t, 0, sizeof *t);
}

static void forget(struct texts *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < x[i].n; k++)
            page_text_free(&x[i].t[k]);
        free(x[i].t);
    }
    free(x);
}

/* The samples of q[0..n) in a file; none where it is missing. */
static int read_texts(const struct data *d, const char *path,
                      const struct asked *q, size_t n, struct texts *to,
                      struct err *e)
{
    struct rec_reader *in = NULL;
    struct rec *rec;
    int r = file_exists(path) ? rec_open(&in, path, e) : 1;

    if (r)
        return r < 0 ? r : 0;
    while ((r = rec_read(in, &rec, e)) > 0) {
        struct rec_str id;
        long number;

        r = rec_need_text(rec, "id", &id, e);
        if (r)
            break;
        number = names_find(&d->questions, id.s);
        for (size_t i = 0; number >= 0 && i < n; i++)
            if (q[i].id == number)
                keep(&to[i], rec);
    }
    rec_close(&in);
    return r;
}

static struct text *sample(const struct texts *x, int64_t number)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->t[i].sample == number)
            return &x->t[i];
    return NULL;
}

static int64_t lower(int64_t a, int64_t b)
{
    return a < 0 || b < a ? b : a;
}

/* x: of one question, by model; stride: between models. The lowest sample at
 * which an arm and model `from` are not both right or both wrong, or -1; from
 * -1: the lowest of all. */
static int64_t differs(const struct texts *x, size_t stride, int models,
                       int from)
{
    int64_t best = -1;

    for (int m = 1; m < models; m++)
        for (size_t i = 0; i < x[(size_t)m * stride].n; i++) {
            const struct text *t = &x[(size_t)m * stride].t[i];
            const struct text *other =
                from < 0 ? NULL : sample(x + (size_t)from * stride, t->sample);

            if (from < 0 || (other && other->correct != t->correct))
                best = lower(best, t->sample);
        }
    return best;
}

/* The sample to show, or -1. */
static int64_t choose(const struct texts *x, size_t stride, int models,
                      int reference)
{
    const int from[] = {reference + 1, 0, -1};
    int64_t best = -1;

    for (int i = 0; best < 0 && i < 3; i++)
        best = differs(x, stride, models, from[i]);
    return best;
}

static void member(struct buf *b, const char *name, const char *s)
{
    if (!s)
        return;
    buf_printf(b, ",\"%s\":", name);
    page_str(b, s);
}

/* The prompt stands once; q: its place in the task's list. */
static void put_question(const struct texts *x, size_t stride, int models,
                         int reference, size_t q, struct buf *b, int *first)
{
    int64_t s = choose(x, stride, models, reference);
    int any = 0;

    for (int m = 0; m < models && s >= 0; m++) {
        const struct text *t = sample(&x[(size_t)m * stride], s);

        if (!t)
            continue;
        if (!any) {
            page_comma(b, first);
            buf_printf(b, "{\"q\":%zu,\"sample\":%lld", q, (long long)s);
            member(b, "prompt", t->prompt);
            member(b, "answer", t->answer);
            buf_puts(b, ",\"by\":[");
        }
        buf_printf(b, "%s{\"model\":%d,\"correct\":%s,\"cut\":%zu",
                   any ? "," : "", m, t->correct ? "true" : "false",
                   t->left_out);
        member(b, "text", t->response);
        member(b, "extracted", t->extracted);
        buf_puts(b, "}");
        any = 1;
    }
    if (any)
        buf_puts(b, "]}\n");
}

static int read_model(const struct page *p, const struct report *r,
                      const char *model, int task, const struct asked *q,
                      size_t n, struct texts *to, struct err *e)
{
    const char *run = run_of(p, model, first_seed(r));
    char path[4096];

    if (!run)
        return 0;
    snprintf(path, sizeof path, "%s/%s/%s.responses.msgpack.zst", p->responses,
             run, data_task(r->d, task));
    return read_texts(r->d, path, q, n, to, e);
}

int page_sides(const struct page *p, const struct report *r, int arm, int task,
               long question, struct text side[2], struct err *e)
{
    const struct asked q = {question, 0};
    const int arms[2] = {r->d->reference, arm};
    struct texts *x = xcalloc(2, sizeof *x);
    int64_t s = -1;
    int status = 0, found;

    for (int i = 0; p->responses && !status && i < 2; i++)
        status = read_model(p, r, data_arm(r->d, arms[i]), task, &q, 1, &x[i],
                            e);
    for (int from = 0; !status && s < 0 && from >= -1; from--)
        s = differs(x, 1, 2, from);
    found = s >= 0 && sample(&x[0], s) && sample(&x[1], s);
    for (int i = 0; found && i < 2; i++) {
        struct text *t = sample(&x[i], s);

        side[i] = *t;
        memset(t, 0, sizeof *t);
    }
    forget(x, 2);
    return status < 0 ? status : found;
}

int page_transcripts(const struct page *p, const struct report *r, int task,
                     const struct asked *q, size_t n, struct buf *b,
                     struct err *e)
{
    const struct data *d = r->d;
    int models = d->n_arms + 1, x = 0, first = 1;
    struct texts *all;

    if (!p->responses)
        return 0;
    if (n > page_transcripts_most(d))
        n = page_transcripts_most(d);
    all = xcalloc((size_t)models * n + 1, sizeof *all);
    for (int m = 0; !x && m < models; m++)
        x = read_model(p, r, m ? data_arm(d, m - 1) : "base", task, q, n,
                       all + (size_t)m * n, e);
    for (size_t i = 0; !x && i < n; i++)
        put_question(all + i, n, models, d->reference, i, b, &first);
    forget(all, (size_t)models * n);
    return x;
}
