/* tok_open - a tokenizer's beginning and end, and what it says of itself */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "../base/arena.h"
#include "../base/digests.h"
#include "../base/hash.h"
#include "tok_impl.h"

int tok_open_text(struct tok **out, const char *text, size_t n,
                  const char *name, int flags, struct err *e)
{
    struct tok *t = xcalloc(1, sizeof *t);
    int r;

    *out = t;
    t->name = xstrdup(name);
    t->eos = -1;
    t->prefix_at = -1;
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
    path = is_dir ? file_in(dir, "tokenizer.json") : xstrdup(dir);
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
    nfc_free(&t->nfc_border);
    bpe_free(&t->bpe);
    vocab_free(&t->v);
    free(t->prop);
    for (int i = 0; i < t->n_named; i++)
        free(t->named[i].token);
    tok_drop_chats(t);
    free(t->joined);
    free(t->prefixed);
    free(t->note);
    free(t->name);
    free(t);
    *tp = NULL;
}

int tok_vocab(const struct tok *t)
{
    return t->v.n_ids;
}

int32_t tok_eos(const struct tok *t)
{
    return t->eos;
}

const char *tok_chat_template(const struct tok *t, const char *name)
{
    for (int i = 0; i < t->n_chats; i++)
        if (!strcmp(t->chat[i].name, name ? name : "default") ||
            (!name && !*t->chat[i].name))
            return t->chat[i].text;
    return NULL;
}

const char *tok_note(const struct tok *t)
{
    return t->note;
}

const char *tok_digest(const struct tok *t)
{
    return t->digest;
}
