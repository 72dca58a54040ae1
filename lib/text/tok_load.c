/* tok_load - read tokenizer.json
 *
 * vocab and merges, which are nearly all of the file, go straight into their
 * tables (jscan); the rest is parsed as a small tree with those two empty.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/json.h"
#include "jscan.h"
#include "tok_impl.h"

enum member { OTHER, MODEL, VOCAB, MERGES, TYPE, FALLBACK };

struct loader {
    struct tok *t;
    struct jscan j;
    const char *from; /* text not yet copied to rest */
    char *rest;       /* the file with vocab and merges emptied */
    size_t n_rest;
    int seen_vocab, seen_merges;
    int fallback; /* model.byte_fallback: with characters, sentencepiece */
    const char *merges; /* met before vocab: read when that is done */
};

static int is(const char *s, size_t n, const char *word)
{
    return n == strlen(word) && !memcmp(s, word, n);
}

/* Puts the place in front of a message that vocab.c made. */
static int placed(struct jscan *j, struct err *e)
{
    struct err why = e ? *e : (struct err){0};

    return jscan_error(j, e, "%s", why.msg);
}

static int load_vocab(struct loader *l, struct err *e)
{
    struct jscan *j = &l->j;
    int r = jscan_expect(j, '{', e);

    if (r)
        return r;
    if (jscan_peek(j) == '}') {
        j->p++;
        return 0;
    }
    do {
        const char *s;
        size_t n;
        int64_t id;
        char small[512], *copy = small;

        r = jscan_string(j, &s, &n, e);
        if (r)
            return r;
        if (n > sizeof small)
            copy = xmalloc(n);
        memcpy(copy, s, n);
        r = jscan_expect(j, ':', e);
        if (!r)
            r = jscan_int(j, VOCAB_MAX_ID, &id, e);
        if (!r && vocab_add(&l->t->v, copy, n, (int32_t)id, e))
            r = placed(j, e);
        if (copy != small)
            free(copy);
        if (r)
            return r;
        r = jscan_more(j, '}', e);
    } while (r > 0);
    return r;
}

static int merge_failed(struct loader *l, struct err *e)
{
    if (l->fallback)
        return tok_not_byte_level(l->t,
                                  "model.byte_fallback with merges of "
                                  "characters: a sentencepiece BPE",
                                  e);
    return placed(&l->j, e);
}

/* "a b" or ["a", "b"] */
static int load_merge(struct loader *l, int32_t rank, struct err *e)
{
    struct jscan *j = &l->j;
    struct vocab *v = &l->t->v;
    const char *s, *space;
    char small[512], *a = small;
    size_t n, n2;
    int r;

    if (jscan_peek(j) != '[') {
        r = jscan_string(j, &s, &n, e);
        if (r)
            return r;
        space = memchr(s, ' ', n);
        if (!space || memchr(space + 1, ' ', (size_t)(s + n - space - 1)))
            return jscan_error(j, e,
                               "a merge needs two tokens with one "
                               "space between");
        r = vocab_merge(v, s, (size_t)(space - s), space + 1,
                        (size_t)(s + n - space - 1), rank, e);
        return r ? merge_failed(l, e) : 0;
    }
    j->p++;
    r = jscan_string(j, &s, &n, e);
    if (r)
        return r;
    if (n > sizeof small)
        a = xmalloc(n);
    memcpy(a, s, n);
    r = jscan_expect(j, ',', e);
    if (!r)
        r = jscan_string(j, &s, &n2, e);
    if (!r && vocab_merge(v, a, n, s, n2, rank, e))
        r = merge_failed(l, e);
    if (a != small)
        free(a);
    return r ? r : jscan_expect(j, ']', e);
}

static int load_merges(struct loader *l, struct err *e)
{
    int32_t rank = 0;
    int r = jscan_expect(&l->j, '[', e);

    if (r)
        return r;
    if (jscan_peek(&l->j) == ']') {
        l->j.p++;
        return 0;
    }
    do {
        r = load_merge(l, rank++, e);
        if (r)
            return r;
        r = jscan_more(&l->j, ']', e);
    } while (r > 0);
    return r;
}

static void copy_rest(struct loader *l, const char *to, const char *instead)
{
    size_t n = (size_t)(to - l->from), k = strlen(instead);

    memcpy(l->rest + l->n_rest, l->from, n);
    memcpy(l->rest + l->n_rest + n, instead, k);
    l->n_rest += n + k;
}

/* What the model is, before its vocabulary is read as one of BPE. */
static int model_type(struct loader *l, struct err *e)
{
    static const char *const other[][2] = {
        {"Unigram", "model.type Unigram: a sentencepiece tokenizer"},
        {"WordPiece", "model.type WordPiece: BERT's tokenizer"},
        {"WordLevel", "model.type WordLevel: one token a word"},
    };
    const char *s;
    size_t n;
    int r;

    if (jscan_peek(&l->j) != '"')
        return jscan_skip(&l->j, e);
    r = jscan_string(&l->j, &s, &n, e);
    for (size_t i = 0; !r && i < sizeof other / sizeof *other; i++)
        if (is(s, n, other[i][0]))
            return tok_not_byte_level(l->t, other[i][1], e);
    return r;
}

/* One member of "model"; the cursor is behind the colon. */
static int model_member(struct loader *l, enum member what, struct err *e)
{
    const char *at;
    int vocab = what == VOCAB, r;
    char c = jscan_peek(&l->j);

    at = l->j.p;
    if (what == TYPE)
        return model_type(l, e);
    if (what == FALLBACK)
        l->fallback = c == 't';
    if (!vocab && what != MERGES)
        return jscan_skip(&l->j, e);
    if (vocab && c == '[')
        return tok_not_byte_level(l->t,
                                  "model.vocab is a list of scores: "
                                  "Unigram, a sentencepiece tokenizer",
                                  e);
    if (vocab ? l->seen_vocab++ : l->seen_merges++)
        return jscan_error(&l->j, e, "duplicate key \"%s\"",
                           vocab ? "vocab" : "merges");
    copy_rest(l, at, vocab ? "{" : "[");
    if (vocab) {
        r = load_vocab(l, e);
    } else if (l->seen_vocab) {
        r = load_merges(l, e);
    } else {
        l->merges = at;
        r = jscan_skip(&l->j, e);
    }
    /* line ends stay, so that the tree's messages have the right lines */
    for (; at < l->j.p; at++)
        if (*at == '\n')
            l->rest[l->n_rest++] = '\n';
    l->rest[l->n_rest++] = vocab ? '}' : ']';
    l->from = l->j.p;
    return r;
}

static enum member which(const char *s, size_t n, int model)
{
    static const char *const names[] = {
        [VOCAB] = "vocab",
        [MERGES] = "merges",
        [TYPE] = "type",
        [FALLBACK] = "byte_fallback",
    };

    if (!model)
        return is(s, n, "model") ? MODEL : OTHER;
    for (enum member m = VOCAB; m <= FALLBACK; m++)
        if (is(s, n, names[m]))
            return m;
    return OTHER;
}

/* Reads an object member by member. model: 0 at the top, 1 inside of
 * "model". */
static int walk(struct loader *l, int model, struct err *e)
{
    struct jscan *j = &l->j;
    int r = jscan_expect(j, '{', e);

    if (r)
        return r;
    if (jscan_peek(j) == '}') {
        j->p++;
        return 0;
    }
    do {
        enum member m = OTHER;
        const char *s;
        size_t n;

        r = jscan_string(j, &s, &n, e);
        if (!r) {
            m = which(s, n, model);
            r = jscan_expect(j, ':', e);
        }
        if (r)
            return r;
        if (model)
            r = model_member(l, m, e);
        else if (m == MODEL && jscan_peek(j) == '{')
            r = walk(l, 1, e);
        else
            r = jscan_skip(j, e);
        if (r)
            return r;
        r = jscan_more(j, '}', e);
    } while (r > 0);
    return r;
}

static int load_text(struct loader *l, struct err *e)
{
    int r = walk(l, 0, e);

    if (r)
        return r;
    if (jscan_peek(&l->j) || l->j.p < l->j.end)
        return jscan_error(&l->j, e, "something follows the object");
    copy_rest(l, l->j.p, "");
    if (!l->seen_vocab || !l->seen_merges)
        return err_set(e, ERR_DATA, "%s: no model.%s", l->t->name,
                       l->seen_vocab ? "merges" : "vocab");
    if (l->merges) {
        l->j.p = l->merges;
        return load_merges(l, e);
    }
    return 0;
}

int tok_load(struct tok *t, const char *text, size_t n, int flags,
             struct err *e)
{
    struct loader l = {.t = t, .from = text};
    json_t *root = NULL;
    int r;

    l.rest = xmalloc(n + 8);
    jscan_init(&l.j, t->name, text, n);
    r = load_text(&l, e);
    if (!r)
        r = json_read_text(&root, l.rest, l.n_rest, t->name, e);
    vocab_finish(&t->v);
    if (!r)
        r = tok_load_parts(t, root, flags, e);
    if (!r)
        r = tok_load_added(t, root, e);
    json_decref(root);
    jscan_free(&l.j);
    free(l.rest);
    return r;
}
