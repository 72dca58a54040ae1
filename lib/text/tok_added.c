/* tok_added - the added tokens of tokenizer.json, indexed for finding them */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/json.h"
#include "tok_impl.h"

/* Gives the token its id: that of the vocabulary, or the next free one. A token
 * that is found in normalized text is known by its normal form. */
static int place(struct tok *t, struct added *a, const char *s, size_t n,
                 int64_t id, int32_t *next, struct err *e)
{
    const char *form = s;
    size_t n_form = n;

    if (a->normalized && t->use_nfc)
        form = nfc_text(&t->nfc, t->prop, s, n, &n_form);
    a->id = vocab_find(&t->v, s, n);
    if (a->id < 0) {
        a->id = *next;
        *next += 1;
        if (id == a->id && vocab_add(&t->v, form, n_form, (int32_t)id, e))
            return err_prefix(e, "%s: added_tokens[%d]", t->name, t->n_added);
        if (id == a->id)
            t->v.token[id].outside = 1;
    }
    if (a->id != id)
        return err_set(e, ERR_DATA,
                       "%s: added_tokens[%d]: \"%.100s\" has id "
                       "%lld, expected %d",
                       t->name, t->n_added, s, (long long)id, (int)a->id);
    if (t->v.token[id].added)
        return err_set(e, ERR_DATA,
                       "%s: added_tokens[%d]: \"%.100s\" is "
                       "there twice",
                       t->name, t->n_added, s);
    t->v.token[id].added = 1;
    t->v.token[id].special = (uint8_t)a->special;
    a->content = xmalloc(n_form + 1);
    memcpy(a->content, form, n_form);
    a->content[n_form] = '\0';
    a->n = n_form;
    t->n_added++;
    return 0;
}

static int added_one(struct tok *t, const json_t *o, int32_t *next,
                     struct err *e)
{
    struct added *a = &t->added[t->n_added];
    const json_t *content = json_object_get(o, "content");
    const char *s = json_string_value(content);
    size_t n = json_string_length(content);
    static const char where[] = "added_tokens";
    int64_t id = -1;
    int r = tok_check_keys(t, o, where,
                           "id content single_word lstrip "
                           "rstrip normalized special",
                           e);

    if (!r)
        r = json_get_i64(o, t->name, "id", 1, &id, e);
    if (r)
        return r;
    if (!s || !n || id < 0 || id > VOCAB_MAX_ID)
        return err_set(e, ERR_DATA,
                       "%s: added_tokens[%d]: needs a content "
                       "and an id in [0, %d]",
                       t->name, t->n_added, VOCAB_MAX_ID);
    if (tok_get_flag(t, o, where, "single_word", 0, &a->single_word, e) ||
        tok_get_flag(t, o, where, "special", 0, &a->special, e) ||
        tok_get_flag(t, o, where, "normalized", 1, &a->normalized, e) ||
        tok_get_flag(t, o, where, "lstrip", 0, &a->lstrip, e) ||
        tok_get_flag(t, o, where, "rstrip", 0, &a->rstrip, e))
        return -ERR_DATA;
    return place(t, a, s, n, id, next, e);
}

static void index_added(struct tok *t, struct added_set *set, int normalized)
{
    unsigned char *first;
    int n = 0;

    set->order = xcalloc((size_t)t->n_added + 1, sizeof *set->order);
    for (int i = 0; i < t->n_added; i++)
        if (t->added[i].normalized == normalized)
            set->order[n++] = i;
    set->n = n;
    set->only = -1;
    for (int i = 1; i < n; i++) { /* by first byte, longest first */
        int x = set->order[i], j = i;

        for (; j; j--) {
            const struct added *a = &t->added[set->order[j - 1]];
            const struct added *b = &t->added[x];
            int d = (unsigned char)a->content[0] - (unsigned char)b->content[0];

            if (d < 0 || (d == 0 && a->n >= b->n))
                break;
            set->order[j] = set->order[j - 1];
        }
        set->order[j] = x;
    }
    for (int i = n - 1; i >= 0; i--) {
        first = (unsigned char *)t->added[set->order[i]].content;
        set->first[*first] = i;
        set->count[*first]++;
        set->only = set->count[*first] == n ? *first : -1;
    }
}

int tok_load_added(struct tok *t, const json_t *root, struct err *e)
{
    const json_t *list = json_object_get(root, "added_tokens"), *item;
    size_t i, n = json_array_size(list);
    int32_t next = (int32_t)t->v.n_slots; /* the vocabulary's size */
    int r = 0;

    if (list && !json_is_array(list) && !json_is_null(list))
        return err_set(e, ERR_DATA, "%s: added_tokens: expected a list",
                       t->name);
    if (n > 65536)
        return err_set(e, ERR_DATA, "%s: added_tokens: more than 65536",
                       t->name);
    t->added = xcalloc(n + 1, sizeof *t->added);
    json_array_foreach(list, i, item) {
        r = added_one(t, item, &next, e);
        if (r)
            return r;
    }
    index_added(t, &t->raw, 0);
    index_added(t, &t->normal, 1);
    return 0;
}
