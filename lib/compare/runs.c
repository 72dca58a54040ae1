/* runs - words ARM/SEED/DRAW, and the fields made of them */
#include "runs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"

static const char *const key_name[] = {"arm", "seed", "draw"};

const char *runs_key_name(enum run_key k)
{
    return key_name[k];
}

/* A whole number >= 0 that ends at `end`. */
static int number(const char *s, char end, int64_t *v)
{
    char *stop;

    if (*s < '0' || *s > '9')
        return 0;
    errno = 0;
    *v = strtoll(s, &stop, 10);
    return !errno && *stop == end;
}

static int parse_word(struct run *x, const char *word, size_t n, struct err *e)
{
    char *text = xcalloc(n + 1, 1), *seed, *draw;
    int good;

    memcpy(text, word, n);
    x->arm = text;
    seed = strchr(text, '/');
    draw = seed ? strchr(seed + 1, '/') : NULL;
    good = draw && seed > text && number(seed + 1, '/', &x->seed) &&
           number(draw + 1, 0, &x->draw);
    if (seed)
        *seed = 0;
    return good ? 0
                : err_set(e, ERR_USAGE,
                          "--runs: found '%.*s', expected ARM/SEED/DRAW",
                          (int)n, word);
}

static int same(const struct run *a, const struct run *b)
{
    return a->seed == b->seed && a->draw == b->draw && !strcmp(a->arm, b->arm);
}

int runs_parse(struct runs *x, const char *text, int n, struct err *e)
{
    memset(x, 0, sizeof *x);
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");
        int r;

        x->v = xrealloc(x->v, (size_t)x->n + 1, sizeof *x->v);
        r = parse_word(&x->v[x->n++], text, length, e);
        for (int i = 0; i < x->n - 1 && !r; i++)
            if (same(&x->v[i], &x->v[x->n - 1]))
                r = err_set(e, ERR_USAGE, "--runs: '%.*s' is there twice",
                            (int)length, text);
        if (r)
            return r;
        text += length;
    }
    return x->n == n ? 0
                     : err_set(e, ERR_USAGE,
                               "--runs: found %d, expected one for each of "
                               "the %d updates",
                               x->n, n);
}

void runs_free(struct runs *x)
{
    for (int i = 0; i < x->n; i++)
        free(x->v[i].arm);
    free(x->v);
    memset(x, 0, sizeof *x);
}

int runs_over(const struct runs *x, int a, int b)
{
    const struct run *p = &x->v[a], *q = &x->v[b];
    int differ[N_RUN_KEYS] = {strcmp(p->arm, q->arm) != 0, p->seed != q->seed,
                              p->draw != q->draw};
    int n = 0, at = -1;

    for (int k = 0; k < N_RUN_KEYS; k++)
        if (differ[k]) {
            n++;
            at = k;
        }
    return n == 1 ? at : -1;
}

static void set(const struct run *x, enum run_key k, const char *name,
                struct rec *rec)
{
    if (k == RUN_ARM)
        rec_set_str(rec, name, x->arm, strlen(x->arm));
    else
        rec_set_i64(rec, name, k == RUN_SEED ? x->seed : x->draw);
}

void runs_set(const struct runs *x, int i, int but, struct rec *rec)
{
    for (int k = 0; k < N_RUN_KEYS; k++)
        if (k != but)
            set(&x->v[i], (enum run_key)k, key_name[k], rec);
}

void runs_set_pair(const struct runs *x, int a, int b, enum run_key k,
                   struct rec *rec)
{
    char name[16];

    snprintf(name, sizeof name, "%s_a", key_name[k]);
    set(&x->v[a], k, name, rec);
    snprintf(name, sizeof name, "%s_b", key_name[k]);
    set(&x->v[b], k, name, rec);
}
