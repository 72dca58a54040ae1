/* known - a hash table of texts; see known.h */
#include "known.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/hash.h"
#include "../base/le32.h"
#include "../record/rec.h"

struct entry {
    uint64_t hash;
    const char *key, *rule;
    size_t n_key;
    int correct;
    enum verify_status status;
};

struct known {
    struct arena *texts;
    struct entry *v; /* at its hash or behind it; key NULL: none */
    size_t n, cap, bytes;
};

/* The texts, a length before each, so that no two items have one key. */
static void put(struct buf *b, const char *s, size_t n)
{
    char head[4];

    le32_put(head, (uint32_t)n);
    buf_put(b, head, sizeof head);
    buf_put(b, s, n);
}

static struct buf key_of(const struct code_item *i)
{
    struct buf b = {0};

    put(&b, i->prompt, i->n_prompt);
    put(&b, i->test, i->n_test);
    put(&b, i->entry_point, strlen(i->entry_point));
    put(&b, i->response, i->n_response);
    return b;
}

/* The key's entry, or the empty one where it would be. cap is over n. */
static struct entry *place(const struct known *k, uint64_t hash,
                           const char *key, size_t n)
{
    size_t at = (size_t)hash % k->cap;
    struct entry *x = &k->v[at];

    while (x->key &&
           (x->hash != hash || x->n_key != n || memcmp(x->key, key, n)))
        x = &k->v[at = (at + 1) % k->cap];
    return x;
}

static void make_room(struct known *k)
{
    struct entry *old = k->v;
    size_t cap = k->cap;

    if (2 * (k->n + 1) <= cap)
        return;
    k->cap = cap ? 2 * cap : 64;
    k->v = xcalloc(k->cap, sizeof *k->v);
    for (size_t i = 0; i < cap; i++)
        if (old[i].key)
            *place(k, old[i].hash, old[i].key, old[i].n_key) = old[i];
    free(old);
}

static void add(struct known *k, const struct code_item *i, struct entry x)
{
    struct buf key = key_of(i);
    size_t n_rule = strlen(x.rule);
    struct entry *to;

    make_room(k);
    x.n_key = key.n;
    x.hash = hash_bytes(key.p, key.n);
    to = place(k, x.hash, key.p, key.n);
    if (!to->key && k->bytes + key.n + n_rule <= KNOWN_BYTES) {
        k->bytes += key.n + n_rule;
        k->n++;
        x.key = arena_strndup(k->texts, key.p, key.n);
        x.rule = arena_strndup(k->texts, x.rule, n_rule);
        *to = x;
    }
    buf_free(&key);
}

/* ---- records ------------------------------------------------------------ */

/* 1: what a judged record of a program says. */
static int verdict_in(struct rec *r, struct entry *x, struct err *e)
{
    struct rec_str verifier, status, rule;
    int got = rec_get_str(r, "verifier", &verifier, e);

    if (got <= 0 || strcmp(verifier.s, "code") ||
        (got = rec_get_str(r, "verify_status", &status, e)) <= 0 ||
        (got = rec_get_str(r, "verify_rule", &rule, e)) <= 0 ||
        (got = rec_get_bool(r, "correct", &x->correct, e)) <= 0)
        return got < 0 ? got : 0;
    if (strncmp(rule.s, "code/", 5))
        return 0;
    x->rule = rule.s + 5;
    x->status = VERIFY_OK;
    if (!strcmp(status.s, verify_status_name(VERIFY_NO_ANSWER)))
        x->status = VERIFY_NO_ANSWER;
    else if (strcmp(status.s, verify_status_name(VERIFY_OK)))
        return 0;
    return 1;
}

static int add_record(struct known *k, struct rec *r, struct err *e)
{
    struct rec_str prompt, test, entry, response;
    struct entry x = {0};
    int got = verdict_in(r, &x, e);

    if (got <= 0 || (got = rec_get_str(r, "prompt", &prompt, e)) <= 0 ||
        (got = rec_get_str(r, "test", &test, e)) <= 0 ||
        (got = rec_get_str(r, "entry_point", &entry, e)) <= 0 ||
        (got = rec_get_str(r, "response", &response, e)) <= 0)
        return got < 0 ? got : 0;
    const struct code_item i = {prompt.s, prompt.n, response.s, response.n,
                                test.s,   test.n,   entry.s};
    add(k, &i, x);
    return 0;
}

static int add_file(struct known *k, const char *path, struct err *e)
{
    struct rec_reader *in = NULL;
    struct rec *rec;
    int r = rec_open(&in, path, e);

    while (!r && (r = rec_read(in, &rec, e)) > 0)
        r = add_record(k, rec, e);
    rec_close(&in);
    return r;
}

int known_open(struct known **out, const char *const *paths, int n,
               struct err *e)
{
    struct known *k = xcalloc(1, sizeof *k);
    int r = 0;

    *out = k;
    k->texts = arena_open();
    for (int i = 0; i < n && !r; i++)
        r = add_file(k, paths[i], e);
    return r;
}

void known_close(struct known **pk)
{
    struct known *k = *pk;

    if (!k)
        return;
    arena_close(&k->texts);
    free(k->v);
    free(k);
    *pk = NULL;
}

int known_find(const struct known *k, const struct code_item *i,
               struct verdict *v)
{
    const struct entry *x;
    struct buf key;

    if (!k || !k->n)
        return 0;
    key = key_of(i);
    x = place(k, hash_bytes(key.p, key.n), key.p, key.n);
    buf_free(&key);
    if (!x->key)
        return 0;
    *v = (struct verdict){.correct = x->correct,
                          .status = x->status,
                          .well_formed = x->status == VERIFY_OK,
                          .extract = "code",
                          .rule = x->rule};
    return 1;
}
