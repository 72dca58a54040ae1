/* tok_parts - what tokenizer.json says besides its tokens and merges
 *
 * Every member of every object must be one that we know, with a value that we
 * implement; the message names the first that is not.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/json.h"
#include "tok_impl.h"
#include "utf8.h"

/* "FILE: pre_tokenizer.type Whitespace is not supported" */
static int unsupported(struct tok *t, struct err *e, const char *where,
                       const char *key, const json_t *v)
{
    char *s = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    int r = err_set(e, ERR_DATA, "%s: %s%s%s%s%.200s is not supported",
                    t->name, where, *where ? "." : "", key, s ? " " : "",
                    s ? s : "");

    free(s);
    return r;
}

/* All keys of o must be among the words of `known` ("a b c"). */
static int check_keys(struct tok *t, const json_t *o, const char *where,
                      const char *known, struct err *e)
{
    const char *key;
    json_t *v;

    if (!json_is_object(o))
        return err_set(e, ERR_DATA, "%s: %s: expected an object", t->name,
                       where);
    json_object_foreach((json_t *)(size_t)o, key, v) {
        size_t n = strlen(key);
        const char *at = known;

        while ((at = strstr(at, key)) &&
               ((at > known && at[-1] != ' ') || (at[n] && at[n] != ' ')))
            at++;
        if (!n || !at)
            return unsupported(t, e, where, key, NULL);
    }
    return 0;
}

static int get_flag(struct tok *t, const json_t *o, const char *where,
                    const char *key, int absent, int *out, struct err *e)
{
    const json_t *v = json_object_get(o, key);

    *out = absent;
    if (!v)
        return 0;
    if (!json_is_boolean(v))
        return err_set(e, ERR_DATA, "%s: %s.%s: expected true or false",
                       t->name, where, key);
    *out = json_is_true(v);
    return 0;
}

static const char *type_of(const json_t *o)
{
    const char *s = json_string_value(json_object_get(o, "type"));

    return s ? s : "";
}

/* ---- normalizer --------------------------------------------------------- */

static int load_normalizer(struct tok *t, const json_t *o, int depth,
                           struct err *e)
{
    const char *type = type_of(o);
    const json_t *list = json_object_get(o, "normalizers"), *item;
    size_t i;
    int r;

    if (!o || json_is_null(o))
        return 0;
    if (!strcmp(type, "NFC")) {
        t->use_nfc = 1;
        return check_keys(t, o, "normalizer", "type", e);
    }
    if (strcmp(type, "Sequence") || depth || !json_is_array(list))
        return unsupported(t, e, "normalizer", "type",
                           json_object_get(o, "type"));
    json_array_foreach(list, i, item) {
        r = load_normalizer(t, item, 1, e);
        if (r)
            return r;
    }
    return check_keys(t, o, "normalizer", "type normalizers", e);
}

/* ---- pre_tokenizer ------------------------------------------------------ */

static int add_split(struct tok *t, const char *pattern, int flags,
                     struct err *e)
{
    char *where;
    int r;

    if (t->n_splits == TOK_MAX_SPLITS)
        return err_set(e, ERR_DATA, "%s: pre_tokenizer: more than %d splits "
                       "are not supported", t->name, TOK_MAX_SPLITS);
    where = xmalloc(strlen(t->name) + 32);
    sprintf(where, "%s: pre_tokenizer.pattern", t->name);
    r = split_open(&t->split[t->n_splits], pattern, flags & TOK_FORCE_REGEX,
                   t->prop, where, e);
    free(where);
    if (!r)
        t->n_splits++;
    return r;
}

static int load_split(struct tok *t, const json_t *o, int flags,
                      struct err *e)
{
    const json_t *pattern = json_object_get(o, "pattern");
    const json_t *regex = json_object_get(pattern, "Regex");
    const char *behavior = json_string_value(json_object_get(o, "behavior"));
    int invert, r = check_keys(t, o, "pre_tokenizer",
                               "type pattern behavior invert", e);

    if (!r)
        r = get_flag(t, o, "pre_tokenizer", "invert", 0, &invert, e);
    if (r)
        return r;
    if (!json_is_string(regex) || json_object_size(pattern) != 1)
        return unsupported(t, e, "pre_tokenizer", "pattern", pattern);
    if (!behavior || strcmp(behavior, "Isolated"))
        return unsupported(t, e, "pre_tokenizer", "behavior",
                           json_object_get(o, "behavior"));
    if (invert)
        return unsupported(t, e, "pre_tokenizer", "invert", json_true());
    if (strlen(json_string_value(regex)) != json_string_length(regex))
        return unsupported(t, e, "pre_tokenizer", "pattern", pattern);
    return add_split(t, json_string_value(regex), flags, e);
}

/* Checks a ByteLevel's members; the flags matter to a pre_tokenizer only. */
static int byte_level(struct tok *t, const json_t *o, const char *where,
                      int *prefix, int *regex, struct err *e)
{
    int trim, r;

    if (strcmp(type_of(o), "ByteLevel"))
        return unsupported(t, e, where, "type", json_object_get(o, "type"));
    r = check_keys(t, o, where,
                   "type add_prefix_space trim_offsets use_regex", e);
    if (!r)
        r = get_flag(t, o, where, "add_prefix_space", 1, prefix, e);
    if (!r)
        r = get_flag(t, o, where, "trim_offsets", 1, &trim, e);
    if (!r)
        r = get_flag(t, o, where, "use_regex", 1, regex, e);
    return r;
}

static int load_pre_tokenizer(struct tok *t, const json_t *o, int flags,
                              struct err *e)
{
    const json_t *list = json_object_get(o, "pretokenizers"), *item = o;
    size_t n = 1, i;
    int prefix, regex, r;

    if (!o || json_is_null(o))
        return unsupported(t, e, "", "pre_tokenizer", json_null());
    if (!strcmp(type_of(o), "Sequence") && json_is_array(list)) {
        r = check_keys(t, o, "pre_tokenizer", "type pretokenizers", e);
        if (r)
            return r;
        n = json_array_size(list);
    } else {
        list = NULL;
    }
    for (i = 0; i < n; i++) {
        if (list)
            item = json_array_get(list, i);
        if (i + 1 < n) {
            if (strcmp(type_of(item), "Split"))
                return unsupported(t, e, "pre_tokenizer", "type",
                                   json_object_get(item, "type"));
            r = load_split(t, item, flags, e);
            if (r)
                return r;
        }
    }
    if (!n)
        return unsupported(t, e, "pre_tokenizer", "pretokenizers", list);
    r = byte_level(t, item, "pre_tokenizer", &prefix, &regex, e);
    if (r)
        return r;
    if (prefix)
        return unsupported(t, e, "pre_tokenizer", "add_prefix_space",
                           json_true());
    return regex ? add_split(t, split_gpt2, flags, e) : 0;
}

/* ---- model, decoder, post_processor, the rest --------------------------- */

static int load_model(struct tok *t, const json_t *o, struct err *e)
{
    static const char *const empty[] = {"continuing_subword_prefix",
                                        "end_of_word_suffix"};
    const json_t *v;
    int r = check_keys(t, o, "model",
                       "type dropout unk_token continuing_subword_prefix "
                       "end_of_word_suffix fuse_unk byte_fallback "
                       "ignore_merges vocab merges", e);

    if (r)
        return r;
    v = json_object_get(o, "type");
    if (v && strcmp(type_of(o), "BPE"))
        return unsupported(t, e, "model", "type", v);
    v = json_object_get(o, "dropout");
    if (v && !json_is_null(v) &&
        !(json_is_number(v) && !(json_number_value(v) > 0)))
        return unsupported(t, e, "model", "dropout", v);
    for (size_t i = 0; i < 2; i++) {
        v = json_object_get(o, empty[i]);
        if (v && !json_is_null(v) &&
            !(json_is_string(v) && !json_string_length(v)))
            return unsupported(t, e, "model", empty[i], v);
    }
    /* every byte has a token (vocab_finish), so that unk_token, fuse_unk and
     * byte_fallback have no case left to decide */
    return get_flag(t, o, "model", "ignore_merges", 0, &t->bpe.ignore_merges,
                    e);
}

static int load_post_processor(struct tok *t, const json_t *o, struct err *e)
{
    const json_t *list = json_object_get(o, "processors"), *item;
    int prefix, regex, r = 0;
    size_t i;

    if (!o || json_is_null(o))
        return 0;
    if (strcmp(type_of(o), "Sequence") || !json_is_array(list))
        return byte_level(t, o, "post_processor", &prefix, &regex, e);
    json_array_foreach(list, i, item) {
        r = byte_level(t, item, "post_processor", &prefix, &regex, e);
        if (r)
            return r;
    }
    return check_keys(t, o, "post_processor", "type processors", e);
}

int tok_load_parts(struct tok *t, const json_t *root, int flags,
                   struct err *e)
{
    static const char *const null[] = {"truncation", "padding"};
    int prefix, regex, r;

    r = check_keys(t, root, "", "version truncation padding added_tokens "
                   "normalizer pre_tokenizer post_processor decoder model",
                   e);
    for (size_t i = 0; !r && i < 2; i++) {
        const json_t *v = json_object_get(root, null[i]);

        if (v && !json_is_null(v))
            r = unsupported(t, e, "", null[i], v);
    }
    if (!r)
        r = load_model(t, json_object_get(root, "model"), e);
    if (!r)
        r = load_normalizer(t, json_object_get(root, "normalizer"), 0, e);
    if (!r)
        r = load_pre_tokenizer(t, json_object_get(root, "pre_tokenizer"),
                               flags, e);
    if (!r)
        r = load_post_processor(t, json_object_get(root, "post_processor"),
                                e);
    if (!r)
        r = byte_level(t, json_object_get(root, "decoder"), "decoder",
                       &prefix, &regex, e);
    return r;
}

/* ---- added tokens ------------------------------------------------------- */

static int added_one(struct tok *t, const json_t *o, int32_t *next,
                     struct err *e)
{
    struct added *a = &t->added[t->n_added];
    const json_t *content = json_object_get(o, "content");
    const char *s = json_string_value(content);
    size_t n = json_string_length(content), k;
    int64_t id = -1;
    int word, r = check_keys(t, o, "added_tokens", "id content single_word "
                             "lstrip rstrip normalized special", e);

    if (!r)
        r = json_get_i64(o, t->name, "id", 1, &id, e);
    if (r)
        return r;
    if (!s || !n || id < 0 || id > VOCAB_MAX_ID)
        return err_set(e, ERR_DATA, "%s: added_tokens[%d]: needs a content "
                       "and an id in [0, %d]", t->name, t->n_added,
                       VOCAB_MAX_ID);
    if (get_flag(t, o, "added_tokens", "single_word", 0, &word, e) ||
        get_flag(t, o, "added_tokens", "special", 0, &a->special, e) ||
        get_flag(t, o, "added_tokens", "normalized", 1, &a->normalized, e) ||
        get_flag(t, o, "added_tokens", "lstrip", 0, &a->lstrip, e) ||
        get_flag(t, o, "added_tokens", "rstrip", 0, &a->rstrip, e))
        return -ERR_DATA;
    if (word)
        return unsupported(t, e, "added_tokens", "single_word", json_true());
    if (a->special && a->normalized && t->use_nfc)
        return unsupported(t, e, "added_tokens", "normalized", json_true());
    a->id = vocab_find(&t->v, s, n);
    if (a->id < 0) {
        a->id = *next;
        *next += 1;
        if (id == a->id && vocab_add(&t->v, s, n, (int32_t)id, e))
            return err_prefix(e, "%s: added_tokens[%d]", t->name, t->n_added);
    }
    if (a->id != id)
        return err_set(e, ERR_DATA, "%s: added_tokens[%d]: \"%.100s\" has id "
                       "%lld, expected %d", t->name, t->n_added, s,
                       (long long)id, (int)a->id);
    if (t->v.token[id].added)
        return err_set(e, ERR_DATA, "%s: added_tokens[%d]: \"%.100s\" is "
                       "there twice", t->name, t->n_added, s);
    t->v.token[id].added = 1;
    t->v.token[id].special = (uint8_t)a->special;
    if (a->normalized && t->use_nfc)
        s = nfc_text(&t->nfc, t->prop, s, n, &n);
    a->content = xmalloc(n + 1);
    for (k = 0; k < n; k++)
        a->content[k] = s[k];
    a->content[n] = '\0';
    a->n = n;
    t->n_added++;
    return 0;
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
            int d = (unsigned char)a->content[0] -
                    (unsigned char)b->content[0];

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
