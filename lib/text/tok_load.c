/* tok_load - read tokenizer.json and what lies beside it
 *
 * vocab and merges, which are nearly all of the file, go straight into their
 * tables (jscan); the rest is parsed as a small tree with those two empty.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "../base/arena.h"
#include "../base/digests.h"
#include "../base/hash.h"
#include "../base/json.h"
#include "jscan.h"
#include "tok_impl.h"

struct loader {
    struct tok *t;
    struct jscan j;
    const char *from; /* text not yet copied to rest */
    char *rest;       /* the file with vocab and merges emptied */
    size_t n_rest;
    int seen_vocab, seen_merges;
    const char *merges; /* met before vocab: read when that is done */
};

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
            return jscan_error(j, e, "a merge needs two tokens with one "
                               "space between");
        r = vocab_merge(v, s, (size_t)(space - s), space + 1,
                        (size_t)(s + n - space - 1), rank, e);
        return r ? placed(j, e) : 0;
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
        r = placed(j, e);
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

/* One member of "model"; the cursor is behind the colon. */
static int model_member(struct loader *l, int vocab, int merges,
                        struct err *e)
{
    const char *at;
    int r;

    jscan_peek(&l->j);
    at = l->j.p;
    if (!vocab && !merges)
        return jscan_skip(&l->j, e);
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

static int is(const char *s, size_t n, const char *word)
{
    return n == strlen(word) && !memcmp(s, word, n);
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
        const char *s;
        size_t n;
        int is_model, vocab, merges;

        r = jscan_string(j, &s, &n, e);
        if (r)
            return r;
        is_model = is(s, n, "model");
        vocab = is(s, n, "vocab");
        merges = is(s, n, "merges");
        r = jscan_expect(j, ':', e);
        if (r)
            return r;
        if (model)
            r = model_member(l, vocab, merges, e);
        else if (is_model && jscan_peek(j) == '{')
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
    if (!r)
        r = tok_load_parts(t, root, flags, e);
    if (!r)
        r = tok_load_added(t, root, e);
    if (!r && vocab_finish(&t->v, e))
        r = err_prefix(e, "%s", t->name);
    json_decref(root);
    jscan_free(&l.j);
    free(l.rest);
    return r;
}

/* ---- tokenizer_config.json and chat_template.jinja -------------------- */

static int config_eos(struct tok *t, const json_t *o, const char *path,
                      struct err *e)
{
    const json_t *eos = json_object_get(o, "eos_token");
    const char *s;

    if (json_is_object(eos))
        eos = json_object_get(eos, "content");
    if (!eos || json_is_null(eos))
        return 0;
    s = json_string_value(eos);
    if (!s)
        return err_set(e, ERR_DATA, "%s: eos_token: expected a string", path);
    t->eos = tok_id(t, s);
    if (t->eos < 0)
        return err_set(e, ERR_DATA,
                       "%s: eos_token \"%.100s\" is not in the vocabulary",
                       path, s);
    return 0;
}

/* A string, or a list of {"name", "template"} of which "default" counts. */
static int config_template(struct tok *t, const json_t *o, const char *path,
                           struct err *e)
{
    const json_t *v = json_object_get(o, "chat_template"), *item;
    size_t i;

    if (!v || json_is_null(v))
        return 0;
    if (json_is_array(v)) {
        const json_t *list = v;

        v = NULL;
        json_array_foreach(list, i, item) {
            const char *name = json_string_value(json_object_get(item,
                                                                 "name"));

            if (name && !strcmp(name, "default"))
                v = json_object_get(item, "template");
        }
    }
    if (!json_is_string(v))
        return err_set(e, ERR_DATA, "%s: chat_template: expected a string, "
                       "or a list with one named \"default\"", path);
    t->chat_template = xstrdup(json_string_value(v));
    return 0;
}

int tok_load_config(struct tok *t, const char *dir, struct err *e)
{
    char *path = xmalloc(strlen(dir) + 32);
    struct filemap m;
    json_t *o = NULL;
    int r = digests_json(&o, dir, "tokenizer_config.json", e);

    sprintf(path, "%s/tokenizer_config.json", dir);
    if (r > 0)
        r = json_is_object(o)
                ? 0
                : err_set(e, ERR_DATA, "%s: expected an object", path);
    if (!r && o)
        r = config_eos(t, o, path, e);
    if (!r && o)
        r = config_template(t, o, path, e);
    json_decref(o);
    free(path);
    if (r)
        return r;
    r = digests_map(&m, dir, "chat_template.jinja", e);
    if (r <= 0)
        return r;
    free(t->chat_template);
    t->chat_template = xmalloc(m.size + 1);
    if (m.size)
        memcpy(t->chat_template, m.data, m.size);
    t->chat_template[m.size] = '\0';
    file_unmap(&m);
    return 0;
}

/* ---- opening ------------------------------------------------------------ */

int tok_open_text(struct tok **out, const char *text, size_t n,
                  const char *name, int flags, struct err *e)
{
    struct tok *t = xcalloc(1, sizeof *t);
    int r;

    *out = t;
    t->name = xstrdup(name);
    t->eos = -1;
    t->prop = uniprop_build();
    vocab_init(&t->v);
    bpe_init(&t->bpe, &t->v, 0);
    hash_hex128(text, n, t->digest);
    r = tok_load(t, text, n, flags, e);
    if (r)
        tok_close(out);
    return r;
}

int tok_open(struct tok **t, const char *dir, struct err *e)
{
    struct digest_check *check;
    struct err of_check = {0};
    struct stat st;
    struct filemap m = {0};
    char *path;
    int is_dir, r;

    *t = NULL;
    if (stat(dir, &st))
        return err_errno(e, ERR_IO, "%s", dir);
    check = digests_open();
    is_dir = S_ISDIR(st.st_mode);
    path = xmalloc(strlen(dir) + 32);
    sprintf(path, is_dir ? "%s/tokenizer.json" : "%s", dir);
    r = file_map(&m, path, e);
    if (!r)
        r = digests_add(check, path, &m, e);
    digests_start(check);
    if (!r)
        r = tok_open_text(t, (const char *)m.data, m.size, path, 0, e);
    if (digests_close(&check, &of_check)) {
        *e = of_check;
        r = -of_check.code;
    }
    file_unmap(&m);
    free(path);
    if (!r && is_dir)
        r = tok_load_config(*t, dir, e);
    if (r)
        tok_close(t);
    return r;
}
