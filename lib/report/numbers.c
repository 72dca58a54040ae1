/* numbers - records taken apart into numbers */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../record/walk.h"
#include "numbers.h"

const char *numbers_word(const struct numbers *n, long word)
{
    return word < 0 ? "" : n->words.v[word];
}

static int has(struct rec *rec, const char *field)
{
    return rec_value(rec, field) != NULL;
}

static long kind_of(struct numbers *n, const struct rec_reader *in,
                    struct rec *rec)
{
    const char *s = has(rec, "j")                                ? "scores"
                    : has(rec, "measure")                        ? "overlap"
                    : has(rec, "kl_token")                       ? "kl_scores"
                    : has(rec, "scope") && has(rec, "unchanged") ? "sparsity"
                    : has(rec, "step") && has(rec, "updates")    ? "metrics"
                    : has(rec, "apart")                          ? "divergence"
                    : in                                         ? rec_kind(in)
                                                                 : "";

    return (long)names_add(&n->words, s);
}

/* A field of text; one of another type is no place. */
static int word(struct numbers *n, struct rec *rec, const char *field, long *to,
                struct err *e)
{
    struct rec_str s;
    int r = rec_get_text(rec, field, &s, e);

    *to = r > 0 ? (long)names_add(&n->words, s.s) : -1;
    return r < 0 ? r : 0;
}

static int whole(struct rec *rec, const char *field, int64_t missing,
                 int64_t *to, struct err *e)
{
    int r = rec_get_i64(rec, field, to, e);

    if (r <= 0)
        *to = missing;
    return r < 0 ? r : 0;
}

static int read_place(struct numbers *n, const struct rec_reader *in,
                      struct rec *rec, struct place *p, struct err *e)
{
    const struct {
        const char *field;
        long *to;
    } words[] = {
        {"run", &p->run},     {"arm", &p->arm},   {"task", &p->task},
        {"scope", &p->scope}, {"kind", &p->part}, {"tensor", &p->tensor},
    };
    const struct {
        const char *field;
        int64_t missing, *to;
    } ints[] = {
        {"seed", -1, &p->seed},          {"draw", 0, &p->draw},
        {"replicate", 0, &p->replicate}, {"step", -1, &p->step},
        {"layer", -1, &p->layer},
    };
    int r = 0;

    p->kind = kind_of(n, in, rec);
    for (size_t i = 0; !r && i < sizeof words / sizeof *words; i++)
        r = word(n, rec, words[i].field, words[i].to, e);
    for (size_t i = 0; !r && i < sizeof ints / sizeof *ints; i++)
        r = whole(rec, ints[i].field, ints[i].missing, ints[i].to, e);
    return r;
}

static void add_leaf(void *ctx, const char *path, const struct rec_value *v)
{
    static const char *const place[] = {"seed", "draw", "replicate", "step",
                                        "layer"};
    struct numbers *n = ctx;
    enum rec_type t = rec_value_type(v);

    if (t != REC_BOOL && t != REC_INT && t != REC_F32 && t != REC_F64)
        return;
    for (size_t i = 0; i < sizeof place / sizeof *place; i++)
        if (!strcmp(path, place[i]))
            return;
    if (n->n_v == n->cap_v) {
        n->cap_v = 2 * n->cap_v + 4096;
        n->v = xrealloc(n->v, n->cap_v, sizeof *n->v);
    }
    n->v[n->n_v++] = (struct number){names_add(&n->fields, path),
                                     rec_value_f64(v)};
}

int numbers_add(struct numbers *n, const struct rec_reader *in, struct rec *rec,
                struct err *e)
{
    struct place p = {.first = n->n_v};
    int r = read_place(n, in, rec, &p, e);

    if (r)
        return r;
    rec_walk(rec, add_leaf, n);
    p.n = n->n_v - p.first;
    if (n->n_at == n->cap_at) {
        n->cap_at = 2 * n->cap_at + 256;
        n->at = xrealloc(n->at, n->cap_at, sizeof *n->at);
    }
    n->at[n->n_at++] = p;
    return 0;
}

static int by_text(const struct numbers *n, long a, long b)
{
    return a == b ? 0 : strcmp(numbers_word(n, a), numbers_word(n, b));
}

static int by_size(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int in_order(const void *a, const void *b, void *ctx)
{
    const struct numbers *n = ctx;
    const struct place *x = a, *y = b;
    int c = by_text(n, x->kind, y->kind);

    c = c ? c : by_text(n, x->arm, y->arm);
    c = c ? c : by_size(x->seed, y->seed);
    c = c ? c : by_size(x->draw, y->draw);
    c = c ? c : by_size(x->replicate, y->replicate);
    c = c ? c : by_size(x->step, y->step);
    c = c ? c : by_text(n, x->task, y->task);
    c = c ? c : by_text(n, x->scope, y->scope);
    c = c ? c : by_text(n, x->part, y->part);
    c = c ? c : by_size(x->layer, y->layer);
    c = c ? c : by_text(n, x->tensor, y->tensor);
    /* equal places keep the order of their reading */
    return c ? c : (x->first > y->first) - (x->first < y->first);
}

void numbers_sort(struct numbers *n)
{
    if (n->n_at)
        qsort_r(n->at, n->n_at, sizeof *n->at, in_order, n);
}

void numbers_free(struct numbers *n)
{
    free(n->at);
    free(n->v);
    names_free(&n->fields);
    names_free(&n->words);
    memset(n, 0, sizeof *n);
}
