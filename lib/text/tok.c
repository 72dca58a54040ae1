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
    /* The text between two added tokens that is being searched after it was
     * normalized: where it was before, and its normal form. */
    const unsigned char *from, *to, *normal;
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
    int left_out = 0;

    for (; p < end; p += n) {
        int r = s ? split_next(s, begin, p, end, &n, &left_out, j->e) : 0;

        if (r)
            return r;
        if (left_out)
            continue;
        bpe_prepare(b, p, n, end, &x[i & 1]);
        if (i)
            bpe_finish(b, &x[~i & 1], j->ids);
        i++;
    }
    if (i)
        bpe_finish(b, &x[~i & 1], j->ids);
    return 0;
}

/* ByteLevel's add_prefix_space: the piece with a space in front, valid until
 * the next. Gives its beginning. */
static const unsigned char *prefixed(struct tok *t, const unsigned char *p,
                                     const unsigned char **end)
{
    size_t n = (size_t)(*end - p);

    if (*p == ' ')
        return p;
    if (n + 1 > t->prefixed_cap) {
        t->prefixed_cap = n + n / 2 + 64;
        t->prefixed = xrealloc(t->prefixed, t->prefixed_cap, 1);
    }
    t->prefixed[0] = ' ';
    memcpy(t->prefixed + 1, p, n);
    p = (const unsigned char *)t->prefixed;
    *end = p + n + 1;
    return p;
}

/* Splits [p, end) by the patterns from k on, each inside the last's pieces. */
static int split_from(struct job *j, int k, const unsigned char *p,
                      const unsigned char *end)
{
    const unsigned char *begin;
    struct tok *t = j->t;
    size_t n;

    if (k == t->prefix_at)
        p = prefixed(t, p, &end);
    begin = p;
    if (k + (t->prefix_at < t->n_splits) >= t->n_splits)
        return split_last(j, k < t->n_splits ? t->split[k] : NULL, p, end);
    for (; p < end; p += n) {
        int left_out;
        int r = split_next(t->split[k], begin, p, end, &n, &left_out, j->e);

        if (!r && !left_out)
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

static const unsigned char *
find(const struct tok *t, const struct added_set *set, const unsigned char *p,
     const unsigned char *end, const struct added **a)
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

/* Where a border between parts lies in the text being searched. In normalized
 * text that is behind what the text up to the border is when normal. */
static const unsigned char *border(struct job *j, size_t at)
{
    const unsigned char *p = j->text + at;
    struct tok *t = j->t;
    size_t n;

    if (!j->normal)
        return p;
    if (p <= j->from)
        return j->normal;
    nfc_text(&t->nfc_border, t->prop, (const char *)j->from,
             (size_t)((p < j->to ? p : j->to) - j->from), &n);
    return j->normal + n;
}

/* Do the bytes [from, to) lie where specials count? */
static int allowed(struct job *j, const unsigned char *from,
                   const unsigned char *to)
{
    size_t at = 0;

    for (size_t i = 0; i < j->n_parts; i++) {
        size_t next = at + j->part[i].n;

        if (!j->part[i].specials && j->part[i].n && from < border(j, next) &&
            to > border(j, at))
            return 0;
        at = next;
    }
    return 1;
}

/* Is there a letter, mark, digit or underscore right before p, or at q? */
static int in_word(const struct tok *t, const unsigned char *begin,
                   const unsigned char *p, const unsigned char *q,
                   const unsigned char *end)
{
    const unsigned char *last = p;
    uint32_t c;

    if (p > begin) {
        while (--last > begin && (*last & 0xc0) == 0x80)
            ;
        utf8_next(last, &c);
        if (t->prop[c] & UNI_WORD)
            return 1;
    }
    if (q == end)
        return 0;
    utf8_next(q, &c);
    return (t->prop[c] & UNI_WORD) != 0;
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
        if (a->special && !allowed(j, from, to))
            continue;
        if (a->single_word && in_word(j->t, begin, from, to, end))
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
    int r;

    if (t->use_nfc)
        s = nfc_text(&t->nfc, t->prop, s, n, &n);
    j->from = p;
    j->to = end;
    p = (const unsigned char *)s;
    if (!t->normal.n)
        return encode_split(j, p, p + n);
    j->normal = p == j->from ? NULL : p;
    r = extract(j, &t->normal, p, p + n, encode_split);
    j->normal = NULL;
    return r;
}

/* ---- the calls ---------------------------------------------------------- */

int tok_encode_parts(struct tok *t, const struct tok_part *part, size_t n,
                     struct tok_ids *ids, struct err *e)
{
    struct job j = {.t = t, .ids = ids, .e = e, .part = part, .n_parts = n};
    size_t total = 0, at = 0, good, before = ids->n;
    const char *text;
    int r;

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
    good = utf8_valid(text, total);
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

void tok_put_begin(const struct tok *t, struct tok_ids *ids)
{
    size_t k = (size_t)t->n_begin, n = k * sizeof *t->begin;

    if (ids->n >= k && (!k || !memcmp(ids->v, t->begin, n)))
        return;
    tok_ids_reserve(ids, k);
    memmove(ids->v + k, ids->v, ids->n * sizeof *ids->v);
    memcpy(ids->v, t->begin, n);
    ids->n += k;
}

void tok_ids_free(struct tok_ids *ids)
{
    free(ids->v);
    memset(ids, 0, sizeof *ids);
}
