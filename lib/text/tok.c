/* tok - byte-level BPE: text to ids
 *
 * The order is Hugging Face's: added tokens are found in the text as it is;
 * what lies between is normalized; added tokens that ask for it are found in
 * that; the rest is split, and each piece is merged.
 */
#include "tok.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/utf8.h"
#include "tok_impl.h"

/* One text being encoded. */
struct job {
    struct tok *t;
    struct tok_ids *ids;
    struct err *e;
    const struct tok_part *part;
    size_t n_parts;
    const unsigned char *text; /* the parts, joined */
};

/* ---- pieces ------------------------------------------------------------- */

/* The last pattern's pieces go to the merges, one behind the splitting. */
static int split_last(struct job *j, struct split *s, const unsigned char *p,
                      const unsigned char *end)
{
    const unsigned char *begin = p;
    struct bpe *b = &j->t->bpe;
    struct bpe_piece x[2];
    size_t i = 0, n = (size_t)(end - p);

    for (; p < end; p += n, i++) {
        int r = s ? split_next(s, begin, p, end, &n, j->e) : 0;

        if (r)
            return r;
        bpe_prepare(b, p, n, end, &x[i & 1]);
        if (i)
            bpe_finish(b, &x[~i & 1], j->ids);
    }
    if (i)
        bpe_finish(b, &x[~i & 1], j->ids);
    return 0;
}

/* Splits [p, end) by the patterns from k on, each inside the last's pieces. */
static int split_from(struct job *j, int k, const unsigned char *p,
                      const unsigned char *end)
{
    const unsigned char *begin = p;
    struct tok *t = j->t;
    size_t n;

    if (k + 1 >= t->n_splits)
        return split_last(j, t->n_splits ? t->split[k] : NULL, p, end);
    for (; p < end; p += n) {
        int r = split_next(t->split[k], begin, p, end, &n, j->e);

        if (!r)
            r = split_from(j, k + 1, p, p + n);
        if (r)
            return r;
    }
    return 0;
}

/* ---- added tokens ------------------------------------------------------- */

/* The longest token of the set that begins at p, or NULL. */
static const struct added *match(const struct tok *t,
                                 const struct added_set *set,
                                 const unsigned char *p,
                                 const unsigned char *end)
{
    const int *o = set->order + set->first[*p];

    for (int i = 0; i < set->count[*p]; i++) {
        const struct added *a = &t->added[o[i]];

        if (a->n <= (size_t)(end - p) && !memcmp(a->content, p, a->n))
            return a;
    }
    return NULL;
}

static const unsigned char *find(const struct tok *t,
                                 const struct added_set *set,
                                 const unsigned char *p,
                                 const unsigned char *end,
                                 const struct added **a)
{
    for (*a = NULL; p < end; p++) {
        if (set->only >= 0) {
            p = memchr(p, set->only, (size_t)(end - p));
            if (!p)
                return end;
        }
        if (set->count[*p] && (*a = match(t, set, p, end)))
            return p;
    }
    return end;
}

/* Do the bytes [from, to) of the joined text lie where specials count?
 * (Special tokens are not looked for in normalized text: tok_parts.c.) */
static int allowed(const struct job *j, size_t from, size_t to)
{
    size_t at = 0;

    for (size_t i = 0; i < j->n_parts; i++) {
        size_t next = at + j->part[i].n;

        if (!j->part[i].specials && from < next && to > at)
            return 0;
        at = next;
    }
    return 1;
}

static const unsigned char *space_before(const struct tok *t,
                                         const unsigned char *begin,
                                         const unsigned char *p)
{
    while (p > begin) {
        const unsigned char *q = p - 1;
        uint32_t c;

        while (q > begin && (*q & 0xc0) == 0x80)
            q--;
        utf8_next(q, &c);
        if (!(t->prop[c] & UNI_SPACE))
            break;
        p = q;
    }
    return p;
}

static const unsigned char *space_after(const struct tok *t,
                                        const unsigned char *p,
                                        const unsigned char *end)
{
    while (p < end) {
        uint32_t c;
        int k = utf8_next(p, &c);

        if (!(t->prop[c] & UNI_SPACE))
            break;
        p += k;
    }
    return p;
}

/* Finds the tokens of a set; what lies between goes to `rest`. */
static int extract(struct job *j, const struct added_set *set,
                   const unsigned char *begin, const unsigned char *end,
                   int (*rest)(struct job *, const unsigned char *,
                               const unsigned char *))
{
    const unsigned char *done = begin, *p = begin;
    int r;

    while (set->n && p < end) {
        const struct added *a;
        const unsigned char *from = find(j->t, set, p, end, &a), *to;

        if (!a)
            break;
        p = to = from + a->n;
        if (a->special && !allowed(j, (size_t)(from - j->text),
                                   (size_t)(to - j->text)))
            continue;
        if (a->lstrip) {
            from = space_before(j->t, begin, from);
            if (from < done)
                from = done;
        }
        if (a->rstrip)
            to = space_after(j->t, to, end);
        if (done < from) {
            r = rest(j, done, from);
            if (r)
                return r;
        }
        tok_ids_reserve(j->ids, 1);
        j->ids->v[j->ids->n++] = a->id;
        done = to;
    }
    return done < end ? rest(j, done, end) : 0;
}

static int encode_split(struct job *j, const unsigned char *p,
                        const unsigned char *end)
{
    return split_from(j, 0, p, end);
}

static int encode_between(struct job *j, const unsigned char *p,
                          const unsigned char *end)
{
    struct tok *t = j->t;
    size_t n = (size_t)(end - p);
    const char *s = (const char *)p;

    if (t->use_nfc)
        s = nfc_text(&t->nfc, t->prop, s, n, &n);
    p = (const unsigned char *)s;
    if (!t->normal.n)
        return encode_split(j, p, p + n);
    return extract(j, &t->normal, p, p + n, encode_split);
}

/* ---- the calls ---------------------------------------------------------- */

int tok_encode_parts(struct tok *t, const struct tok_part *part, size_t n,
                     struct tok_ids *ids, struct err *e)
{
    struct job j = {.t = t, .ids = ids, .e = e, .part = part, .n_parts = n};
    size_t total = 0, at = 0, good, before = ids->n;
    const char *text;
    int ascii, r;

    for (size_t i = 0; i < n; i++) {
        if (part[i].n > TOK_MAX_TEXT - total)
            return err_set(e, ERR_DATA, "a text of more than %u bytes",
                           TOK_MAX_TEXT);
        total += part[i].n;
    }
    if (!total)
        return 0;
    if (n == 1) {
        text = part->s;
    } else {
        if (total > t->joined_cap) {
            t->joined_cap = total + total / 2;
            t->joined = xrealloc(t->joined, t->joined_cap, 1);
        }
        for (size_t i = 0; i < n; at += part[i++].n)
            if (part[i].n)
                memcpy(t->joined + at, part[i].s, part[i].n);
        text = t->joined;
    }
    good = utf8_valid(text, total, &ascii);
    if (good < total)
        return err_set(e, ERR_DATA, "not UTF-8 at byte %zu (0x%02x)", good,
                       (unsigned char)text[good]);
    j.text = (const unsigned char *)text;
    r = extract(&j, &t->raw, j.text, j.text + total, encode_between);
    if (r)
        ids->n = before;
    return r;
}

int tok_encode(struct tok *t, const char *text, size_t n, int specials,
               struct tok_ids *ids, struct err *e)
{
    struct tok_part part = {text, n, specials};

    return tok_encode_parts(t, &part, 1, ids, e);
}

void tok_ids_free(struct tok_ids *ids)
{
    free(ids->v);
    memset(ids, 0, sizeof *ids);
}

static void free_set(struct added_set *s)
{
    free(s->order);
}

void tok_close(struct tok **tp)
{
    struct tok *t = *tp;

    if (!t)
        return;
    for (int i = 0; i < t->n_added; i++)
        free(t->added[i].content);
    free(t->added);
    free_set(&t->raw);
    free_set(&t->normal);
    for (int i = 0; i < t->n_splits; i++)
        split_close(&t->split[i]);
    nfc_free(&t->nfc);
    bpe_free(&t->bpe);
    vocab_free(&t->v);
    free(t->prop);
    free(t->chat_template);
    free(t->joined);
    free(t->name);
    free(t);
    *tp = NULL;
}

int32_t tok_id(const struct tok *t, const char *token)
{
    return vocab_find(&t->v, token, strlen(token));
}

int tok_vocab(const struct tok *t)
{
    return t->v.n_ids;
}

int32_t tok_eos(const struct tok *t)
{
    return t->eos;
}

const char *tok_chat_template(const struct tok *t)
{
    return t->chat_template;
}

const char *tok_digest(const struct tok *t)
{
    return t->digest;
}
