/* responses - two streams of rollouts, a record of each at a time */
#include "responses.h"
#include <string.h>
#include "../record/rec.h"

struct response {
    struct rec_str id;
    int64_t step, sample;
    struct rec_i32s tokens;
};

static int read_one(struct response *x, struct rec_reader *in, struct err *e)
{
    struct rec *rec;
    int r = rec_read(in, &rec, e);

    if (r <= 0)
        return r;
    x->step = -1;
    r = rec_need_str(rec, "id", &x->id, e);
    if (!r)
        r = rec_need_i64(rec, "sample", &x->sample, e);
    if (!r)
        r = rec_get_i64(rec, "step", &x->step, e);
    if (r >= 0)
        r = rec_need_i32s(rec, "response_tokens", &x->tokens, e);
    return r < 0 ? r : 1;
}

static int same_place(const struct response *a, const struct response *b)
{
    return a->step == b->step && a->sample == b->sample && a->id.n == b->id.n &&
           !memcmp(a->id.s, b->id.s, a->id.n);
}

/* The first token that differs, or -1. */
static int64_t differs(const struct rec_i32s *a, const struct rec_i32s *b)
{
    size_t i = 0;

    while (i < a->n && i < b->n && a->v[i] == b->v[i])
        i++;
    return i < a->n || i < b->n ? (int64_t)i : -1;
}

/* One record of each: 1 when they are the same and there may be more. */
static int step(struct first_difference *d, struct rec_reader *const in[2],
                struct err *e)
{
    struct response a, b;
    int more = read_one(&a, in[0], e), too;

    if (more < 0)
        return more;
    too = read_one(&b, in[1], e);
    if (too < 0 || (!more && !too))
        return too;
    if (more && a.step != d->step) {
        d->step = a.step;
        d->response = 0;
    }
    d->token = more && too && same_place(&a, &b) ? differs(&a.tokens, &b.tokens)
                                                 : -1;
    d->found = !more || !too || !same_place(&a, &b) || d->token >= 0;
    if (!d->found) {
        d->same++;
        d->response++;
    }
    return !d->found;
}

int responses_compare(struct first_difference *d, const char *a, const char *b,
                      struct err *e)
{
    struct rec_reader *in[2] = {NULL, NULL};
    int r = rec_open(&in[0], a, e);

    *d = (struct first_difference){.step = -1, .token = -1};
    if (!r)
        r = rec_open(&in[1], b, e);
    if (!r)
        while ((r = step(d, in, e)) > 0)
            ;
    rec_close(&in[0]);
    rec_close(&in[1]);
    return r;
}
