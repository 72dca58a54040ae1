/* tok_decode - ids to text, all at once or token by token */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/utf8.h"
#include "tok_impl.h"

int32_t tok_id(const struct tok *t, const char *token)
{
    return vocab_find(&t->v, token, strlen(token));
}

const char *tok_bytes(const struct tok *t, int32_t id, size_t *n)
{
    const struct vocab_token *v;

    *n = 0;
    if (id < 0 || id >= t->v.n_ids || !t->v.token[id].present)
        return NULL;
    v = &t->v.token[id];
    *n = v->len;
    return t->v.bytes + v->off;
}

int tok_is_special(const struct tok *t, int32_t id)
{
    return id >= 0 && id < t->v.n_ids && t->v.token[id].special;
}

static void reserve(struct tok_stream *s, size_t more)
{
    if (s->cap - s->n >= more)
        return;
    s->cap = 2 * s->cap + more + 32;
    s->out = xrealloc(s->out, s->cap, 1);
}

static void give(struct tok_stream *s, const unsigned char *p, size_t n)
{
    memmove(s->out + s->n_given, p, n);
    s->n_given += n;
}

const char *tok_stream_push(struct tok_stream *s, int32_t id, size_t *n)
{
    static const unsigned char unknown[3] = {0xef, 0xbf, 0xbd}; /* U+FFFD */
    unsigned char held[4];
    size_t k, n_held = s->n - s->n_given, at = 0, total;
    const char *bytes = tok_bytes(s->t, id, &k);

    if (s->skip_specials && tok_is_special(s->t, id))
        k = 0;
    if (n_held)
        memcpy(held, s->out + s->n_given, n_held);
    /* Work at the far end: one bad byte gives three. */
    total = n_held + k;
    s->n = s->n_given = 0;
    reserve(s, 4 * total + 8);
    if (total) {
        unsigned char *w = s->out + 3 * total + 4, *end = w + total;

        memcpy(w, held, n_held);
        if (k)
            memcpy(w + n_held, bytes, k);
        while (w + at < end) {
            uint32_t c;
            int bad = 0, len = utf8_get(w + at, end, &c, &bad);

            if (len) {
                give(s, w + at, (size_t)len);
                at += (size_t)len;
            } else if (w + at + bad == end &&
                       utf8_prefix(w + at, (size_t)bad)) {
                break;
            } else {
                give(s, unknown, 3);
                at += (size_t)bad;
            }
        }
        memmove(s->out + s->n_given, w + at, total - at);
        s->n = s->n_given + total - at;
    }
    *n = s->n_given;
    return (const char *)s->out;
}

const char *tok_stream_end(struct tok_stream *s, size_t *n)
{
    int waits = s->n > s->n_given;

    s->n = s->n_given = 0;
    reserve(s, 8);
    memcpy(s->out, "\xef\xbf\xbd", 3);
    *n = waits ? 3 : 0;
    return (const char *)s->out;
}

void tok_stream_free(struct tok_stream *s)
{
    free(s->out);
    s->out = NULL;
    s->n = s->n_given = s->cap = 0;
}

int tok_decode(const struct tok *t, const int32_t *ids, size_t n_ids,
               int skip_specials, char **text, size_t *n, struct err *e)
{
    struct tok_stream s = {.t = t, .skip_specials = skip_specials};
    size_t cap = 4 * n_ids + 16, len = 0, k;
    char *out = xmalloc(cap);

    *text = NULL;
    *n = 0;
    for (size_t i = 0; i <= n_ids; i++) {
        const char *p;

        if (i < n_ids && ids[i] < 0) {
            free(out);
            tok_stream_free(&s);
            return err_set(e, ERR_DATA, "token %zu: id %d is negative", i,
                           (int)ids[i]);
        }
        p = i < n_ids ? tok_stream_push(&s, ids[i], &k)
                      : tok_stream_end(&s, &k);
        if (len + k + 1 > cap) {
            cap = 2 * (len + k) + 16;
            out = xrealloc(out, cap, 1);
        }
        memcpy(out + len, p, k);
        len += k;
    }
    tok_stream_free(&s);
    out[len] = '\0';
    *text = out;
    *n = len;
    return 0;
}
