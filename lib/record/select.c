/* select - which records of a stream are wanted, and in which order */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "select.h"
#include "walk.h"
#include "where.h"

struct key {
    enum { NUMBER, STRING, MISSING } type;
    long double number;
    char *s;
    size_t n;
};

struct kept {
    struct key key;
    uint64_t place;
    struct rec *rec;
};

/* The best so far, the worst of them at the top of a heap. */
struct select {
    const struct select_opts *o;
    struct where *where;
    const char *name; /* of the key's field */
    char path[256];
    int by_length, descending, seen;
    uint64_t n_read, n_wanted, most; /* most: 0 is all */
    struct kept *v;
    size_t n, cap;
};

static int order_keys(const struct key *a, const struct key *b)
{
    size_t n = a->n < b->n ? a->n : b->n;
    int c;

    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->type == NUMBER)
        return (a->number > b->number) - (a->number < b->number);
    c = n ? memcmp(a->s, b->s, n) : 0;
    return c ? c : (a->n > b->n) - (a->n < b->n);
}

/* Missing keys are last both ways. */
static int order(const struct kept *a, const struct kept *b, int descending)
{
    int c = order_keys(&a->key, &b->key);

    if (descending && a->key.type != MISSING && b->key.type != MISSING)
        c = -c;
    return c ? c : (a->place > b->place) - (a->place < b->place);
}

static int by_key(const void *a, const void *b, void *ctx)
{
    return order(a, b, ((const struct select *)ctx)->descending);
}

/* Which of them is given up first: with top the smallest key. */
static int worse(const struct select *s, size_t i, size_t j)
{
    return order(&s->v[i], &s->v[j], s->o->top || s->descending) > 0;
}

static void swap(struct select *s, size_t i, size_t j)
{
    struct kept x = s->v[i];

    s->v[i] = s->v[j];
    s->v[j] = x;
}

static void rise(struct select *s, size_t i)
{
    for (; i && worse(s, i, (i - 1) / 2); i = (i - 1) / 2)
        swap(s, i, (i - 1) / 2);
}

static void sink(struct select *s)
{
    for (size_t i = 0, c; (c = 2 * i + 1) < s->n; i = c) {
        c += c + 1 < s->n && worse(s, c + 1, c);
        if (!worse(s, c, i))
            break;
        swap(s, i, c);
    }
}

static void drop(struct kept *x)
{
    free(x->key.s);
    rec_free(&x->rec);
}

int select_open(struct select **out, const struct select_opts *o, struct err *e)
{
    struct select *s = xcalloc(1, sizeof *s);
    int r = 0;

    s->o = o;
    *out = s;
    if (o->top && !o->sort)
        r = err_set(e, ERR_USAGE, "--top needs --sort FIELD");
    if (!r && o->where)
        r = where_open(&s->where, o->where, e);
    if (!r && o->sort) {
        s->descending = *o->sort == '-';
        s->name = o->sort + s->descending;
        s->by_length = rec_len_path(s->name, s->path, sizeof s->path);
        if (!*s->name || strlen(s->name) >= sizeof s->path)
            r = err_set(e, ERR_USAGE, "--sort: '%.40s' is not FIELD or -FIELD",
                        o->sort);
        else if (!s->by_length)
            strcpy(s->path, s->name);
        s->most = o->top ? o->top : o->head;
    }
    if (r)
        select_close(out);
    return r;
}

void select_close(struct select **s)
{
    if (!*s)
        return;
    for (size_t i = 0; i < (*s)->n; i++)
        drop(&(*s)->v[i]);
    free((*s)->v);
    where_close(&(*s)->where);
    free(*s);
    *s = NULL;
}

static int get_key(struct select *s, struct rec *rec, struct key *k,
                   struct err *e)
{
    const struct rec_value *v = rec_value(rec, s->path);
    enum rec_type t = v ? rec_value_type(v) : REC_NIL;
    int has_length = t == REC_STR || t == REC_ARRAY || t == REC_MAP;

    *k = (struct key){.type = MISSING};
    s->seen |= v != NULL;
    if (t == REC_NIL)
        return 0;
    if (s->by_length ? !has_length : t > REC_STR)
        return rec_bad(rec, e, "%s: found %s, expected %s", s->path,
                       rec_type_name(t),
                       s->by_length ? "an array, a map or a string"
                                    : "a number, a bool or a string");
    if (!s->by_length && t == REC_STR) {
        k->type = STRING;
        k->n = rec_value_n(v);
        k->s = memcpy(xmalloc(k->n + 1), rec_value_str(v), k->n);
        return 0;
    }
    k->type = NUMBER;
    k->number = s->by_length ? (long double)rec_value_n(v)
                             : rec_value_number(v);
    if (k->number != k->number)
        return rec_bad(rec, e, "%s: found nan, expected a finite number",
                       s->path);
    return 0;
}

static int keep(struct select *s, struct rec *rec, struct err *e)
{
    struct kept x = {.place = s->n_read};
    int r = get_key(s, rec, &x.key, e);

    if (r || (s->o->top && x.key.type == MISSING))
        return r;
    if (s->n == s->cap) {
        s->cap = 2 * s->cap + 16;
        s->v = xrealloc(s->v, s->cap, sizeof *s->v);
    }
    s->v[s->n] = x;
    if (s->most && s->n == s->most) {
        if (worse(s, s->n, 0)) {
            drop(&s->v[s->n]);
            return 0;
        }
        drop(&s->v[0]);
        s->v[0] = x;
        s->v[0].rec = rec_copy(rec);
        sink(s);
        return 0;
    }
    s->v[s->n].rec = rec_copy(rec);
    s->n++;
    if (s->most)
        rise(s, s->n - 1);
    return 0;
}

void select_made_by(const struct select_opts *o, struct rec_writer *w)
{
    char n[24];

    if (o->where)
        rec_made_by(w, "where", o->where);
    if (o->sort)
        rec_made_by(w, "sort", o->sort);
    snprintf(n, sizeof n, "%llu", (unsigned long long)o->top);
    if (o->top)
        rec_made_by(w, "top", n);
    snprintf(n, sizeof n, "%llu", (unsigned long long)o->head);
    if (o->head)
        rec_made_by(w, "head", n);
}

int select_add(struct select *s, struct rec *rec, struct err *e)
{
    int r = s->where ? where_test(s->where, rec, e) : 1;

    s->n_read++;
    if (s->name && !s->seen)
        s->seen = rec_value(rec, s->path) != NULL;
    if (r <= 0)
        return r;
    if (s->name)
        return keep(s, rec, e);
    if (select_full(s))
        return 0;
    s->n_wanted++;
    return 1;
}

int select_full(const struct select *s)
{
    return !s->name && s->o->head && s->n_wanted >= s->o->head;
}

static int known(const struct select *s, struct err *e)
{
    const char *none = s->where ? where_unknown(s->where) : NULL;
    const char *tool;

    if (!none && s->name && !s->seen)
        none = s->path;
    /* an input that was not read to its end may have it further on */
    if (!none || !s->n_read || select_full(s))
        return 0;
    tool = rec_writer_of(none);
    return err_set(e, ERR_DATA, "no record has the field %s%s%s", none,
                   tool ? ": run " : "",
                   tool ? tool : " (show --fields lists those there are)");
}

int select_end(struct select *s,
               int (*fn)(void *ctx, struct rec *rec, struct err *e), void *ctx,
               struct err *e)
{
    int r = known(s, e);

    if (r)
        return r;
    if (s->n)
        qsort_r(s->v, s->n, sizeof *s->v, by_key, s);
    for (size_t i = 0; i < s->n && !r; i++)
        if (!s->o->head || i < s->o->head)
            r = fn(ctx, s->v[i].rec, e);
    return r;
}
