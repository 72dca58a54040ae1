/* tok_parts - what tokenizer.json says besides its tokens and merges
 *
 * Every member of every object must be one that we know, with a value that we
 * implement; the message names the first that is not.
 */
#include "../base/arena.h"
#include "tok_impl.h"
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "FILE: pre_tokenizer.type Whitespace is not supported" */
int tok_unsupported(struct tok *t, struct err *e, const char *where,
                    const char *key, const json_t *v)
{
    char *s = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    int r = err_set(e, ERR_DATA, "%s: %s%s%s%s%.200s is not supported", t->name,
                    where, *where ? "." : "", key, s ? " " : "", s ? s : "");

    free(s);
    return r;
}

/* All keys of o must be among the words of `known` ("a b c"). */
int tok_check_keys(struct tok *t, const json_t *o, const char *where,
                   const char *known, struct err *e)
{
    const char *key;
    json_t *v;

    if (!json_is_object(o))
        return err_set(e, ERR_DATA, "%s: %s: expected an object", t->name,
                       where);
    json_object_foreach((json_t *)o, key, v)
    {
        size_t n = strlen(key);
        const char *at = known;

        while ((at = strstr(at, key)) &&
               ((at > known && at[-1] != ' ') || (at[n] && at[n] != ' ')))
            at++;
        if (!n || !at)
            return tok_unsupported(t, e, where, key, NULL);
    }
    return 0;
}

int tok_get_flag(struct tok *t, const json_t *o, const char *where,
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
        return tok_check_keys(t, o, "normalizer", "type", e);
    }
    if (strcmp(type, "Sequence") || depth || !json_is_array(list))
        return tok_unsupported(t, e, "normalizer", "type",
                               json_object_get(o, "type"));
    json_array_foreach(list, i, item)
    {
        r = load_normalizer(t, item, 1, e);
        if (r)
            return r;
    }
    return tok_check_keys(t, o, "normalizer", "type normalizers", e);
}

/* ---- pre_tokenizer ------------------------------------------------------ */

static int add_split(struct tok *t, const char *pattern, int flags,
                     struct err *e)
{
    char *where;
    int r;

    if (t->n_splits == TOK_MAX_SPLITS)
        return err_set(e, ERR_DATA,
                       "%s: pre_tokenizer: more than %d splits "
                       "are not supported",
                       t->name, TOK_MAX_SPLITS);
    where = xmalloc(strlen(t->name) + 32);
    sprintf(where, "%s: pre_tokenizer.pattern", t->name);
    r = split_open(&t->split[t->n_splits], pattern, flags & TOK_FORCE_REGEX,
                   t->prop, where, e);
    free(where);
    if (!r)
        t->n_splits++;
    return r;
}

static int load_split(struct tok *t, const json_t *o, int flags, struct err *e)
{
    const json_t *pattern = json_object_get(o, "pattern");
    const json_t *regex = json_object_get(pattern, "Regex");
    const char *behavior = json_string_value(json_object_get(o, "behavior"));
    int invert, r = tok_check_keys(t, o, "pre_tokenizer",
                                   "type pattern behavior invert", e);

    if (!r)
        r = tok_get_flag(t, o, "pre_tokenizer", "invert", 0, &invert, e);
    if (r)
        return r;
    if (!json_is_string(regex) || json_object_size(pattern) != 1)
        return tok_unsupported(t, e, "pre_tokenizer", "pattern", pattern);
    if (!behavior || strcmp(behavior, "Isolated"))
        return tok_unsupported(t, e, "pre_tokenizer", "behavior",
                               json_object_get(o, "behavior"));
    if (invert)
        return tok_unsupported(t, e, "pre_tokenizer", "invert", json_true());
    if (strlen(json_string_value(regex)) != json_string_length(regex))
        return tok_unsupported(t, e, "pre_tokenizer", "pattern", pattern);
    return add_split(t, json_string_value(regex), flags, e);
}

/* Checks a ByteLevel's members; the flags matter to a pre_tokenizer only. */
static int byte_level(struct tok *t, const json_t *o, const char *where,
                      int *prefix, int *regex, struct err *e)
{
    int trim, r;

    if (strcmp(type_of(o), "ByteLevel"))
        return tok_unsupported(t, e, where, "type", json_object_get(o, "type"));
    r = tok_check_keys(t, o, where,
                       "type add_prefix_space trim_offsets use_regex", e);
    if (!r)
        r = tok_get_flag(t, o, where, "add_prefix_space", 1, prefix, e);
    if (!r)
        r = tok_get_flag(t, o, where, "trim_offsets", 1, &trim, e);
    if (!r)
        r = tok_get_flag(t, o, where, "use_regex", 1, regex, e);
    return r;
}

static int load_pre_tokenizer(struct tok *t, const json_t *o, int flags,
                              struct err *e)
{
    const json_t *list = json_object_get(o, "pretokenizers"), *item = o;
    size_t n = 1, i;
    int prefix, regex, r;

    if (!o || json_is_null(o))
        return tok_unsupported(t, e, "", "pre_tokenizer", json_null());
    if (!strcmp(type_of(o), "Sequence") && json_is_array(list)) {
        r = tok_check_keys(t, o, "pre_tokenizer", "type pretokenizers", e);
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
                return tok_unsupported(t, e, "pre_tokenizer", "type",
                                       json_object_get(item, "type"));
            r = load_split(t, item, flags, e);
            if (r)
                return r;
        }
    }
    if (!n)
        return tok_unsupported(t, e, "pre_tokenizer", "pretokenizers", list);
    r = byte_level(t, item, "pre_tokenizer", &prefix, &regex, e);
    if (r)
        return r;
    if (prefix)
        return tok_unsupported(t, e, "pre_tokenizer", "add_prefix_space",
                               json_true());
    return regex ? add_split(t, split_gpt2, flags, e) : 0;
}

/* ---- model, decoder, post_processor, the rest --------------------------- */

static int load_model(struct tok *t, const json_t *o, struct err *e)
{
    static const char *const empty[] = {"continuing_subword_prefix",
                                        "end_of_word_suffix"};
    const json_t *v;
    int r = tok_check_keys(t, o, "model",
                           "type dropout unk_token continuing_subword_prefix "
                           "end_of_word_suffix fuse_unk byte_fallback "
                           "ignore_merges vocab merges",
                           e);

    if (r)
        return r;
    v = json_object_get(o, "type");
    if (v && strcmp(type_of(o), "BPE"))
        return tok_unsupported(t, e, "model", "type", v);
    v = json_object_get(o, "dropout");
    if (v && !json_is_null(v) &&
        !(json_is_number(v) && !(json_number_value(v) > 0)))
        return tok_unsupported(t, e, "model", "dropout", v);
    for (size_t i = 0; i < 2; i++) {
        v = json_object_get(o, empty[i]);
        if (v && !json_is_null(v) &&
            !(json_is_string(v) && !json_string_length(v)))
            return tok_unsupported(t, e, "model", empty[i], v);
    }
    /* every byte has a token (vocab_finish), so that unk_token, fuse_unk and
     * byte_fallback have no case left to decide */
    return tok_get_flag(t, o, "model", "ignore_merges", 0,
                        &t->bpe.ignore_merges, e);
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
    json_array_foreach(list, i, item)
    {
        r = byte_level(t, item, "post_processor", &prefix, &regex, e);
        if (r)
            return r;
    }
    return tok_check_keys(t, o, "post_processor", "type processors", e);
}

int tok_load_parts(struct tok *t, const json_t *root, int flags, struct err *e)
{
    static const char *const null[] = {"truncation", "padding"};
    int prefix, regex, r;

    r = tok_check_keys(t, root, "",
                       "version truncation padding added_tokens "
                       "normalizer pre_tokenizer post_processor decoder model",
                       e);
    for (size_t i = 0; !r && i < 2; i++) {
        const json_t *v = json_object_get(root, null[i]);

        if (v && !json_is_null(v))
            r = tok_unsupported(t, e, "", null[i], v);
    }
    if (!r)
        r = load_model(t, json_object_get(root, "model"), e);
    if (!r)
        r = load_normalizer(t, json_object_get(root, "normalizer"), 0, e);
    if (!r)
        r = load_pre_tokenizer(t, json_object_get(root, "pre_tokenizer"), flags,
                               e);
    if (!r)
        r = load_post_processor(t, json_object_get(root, "post_processor"), e);
    if (!r)
        r = byte_level(t, json_object_get(root, "decoder"), "decoder", &prefix,
                       &regex, e);
    return r;
}
