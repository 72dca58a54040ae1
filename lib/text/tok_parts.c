/* tok_parts - what tokenizer.json says besides its tokens and merges
 *
 * Every member of every object must be one that we know, with a value that we
 * implement; the message names the first that is not.
 */
#include "../base/arena.h"
#include "tok_impl.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- normalizer --------------------------------------------------------- */

static int load_normalizer(struct tok *t, const json_t *o, int depth,
                           struct err *e)
{
    const char *type = tok_type_of(o);
    const json_t *list = json_object_get(o, "normalizers"), *item;
    size_t i;
    int r;

    if (!o || json_is_null(o))
        return 0;
    if (!strcmp(type, "NFC")) {
        t->use_nfc = 1;
        return tok_check_keys(t, o, "normalizer", "type", e);
    }
    if (!strcmp(type, "Prepend") || !strcmp(type, "Replace"))
        return tok_not_byte_level(t, "normalizer: a sentencepiece BPE's", e);
    if (strcmp(type, "Sequence") || depth || !json_is_array(list))
        return tok_unsupported(t, e, "normalizer", "type",
                               json_object_get(o, "type"));
    json_array_foreach(list, i, item) {
        r = load_normalizer(t, item, 1, e);
        if (r)
            return r;
    }
    return tok_check_keys(t, o, "normalizer", "type normalizers", e);
}

/* ---- model, decoder, post_processor, the rest --------------------------- */

/* What becomes of a byte that has no token: unk_token, or nothing. */
static int load_unknown(struct tok *t, const json_t *o, struct err *e)
{
    const json_t *v = json_object_get(o, "unk_token");
    const char *s = json_string_value(v);
    int fallback,
        r = tok_get_flag(t, o, "model", "byte_fallback", 0, &fallback, e);

    if (!r)
        r = tok_get_flag(t, o, "model", "fuse_unk", 0, &t->bpe.fuse_unk, e);
    if (r || !t->v.lacks)
        return r;
    if (fallback)
        return tok_not_byte_level(t,
                                  "model.byte_fallback: a sentencepiece "
                                  "BPE",
                                  e);
    if (v && !json_is_null(v) && !s)
        return tok_unsupported(t, e, "model", "unk_token", v);
    t->bpe.unk = s ? vocab_find(&t->v, s, json_string_length(v)) : -1;
    if (s && t->bpe.unk < 0)
        return err_set(e, ERR_DATA,
                       "%s: model.unk_token: \"%.100s\" is not in "
                       "the vocabulary, which lacks bytes",
                       t->name, s);
    return 0;
}

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
    if (v && strcmp(tok_type_of(o), "BPE"))
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
    r = tok_get_flag(t, o, "model", "ignore_merges", 0, &t->bpe.ignore_merges,
                     e);
    return r ? r : load_unknown(t, o, e);
}

/* "special_tokens"[name].ids, appended to the ids that stand before a text */
static int begin_with(struct tok *t, const json_t *o, const char *name,
                      struct err *e)
{
    const json_t *all = json_object_get(o, "special_tokens");
    const json_t *ids = json_object_get(json_object_get(all, name), "ids"), *x;
    size_t i;

    if (!json_is_array(ids))
        return err_set(e, ERR_DATA,
                       "%s: post_processor.special_tokens: no ids "
                       "of \"%.100s\"",
                       t->name, name);
    json_array_foreach(ids, i, x) {
        json_int_t id = json_is_integer(x) ? json_integer_value(x) : -1;

        if (id < 0 || id > VOCAB_MAX_ID || t->n_begin == TOK_MAX_BEGIN)
            return err_set(e, ERR_DATA,
                           "%s: post_processor.special_tokens: "
                           "\"%.100s\": an id outside [0, %d], or more than "
                           "%d ids",
                           t->name, name, VOCAB_MAX_ID, TOK_MAX_BEGIN);
        t->begin[t->n_begin++] = (int32_t)id;
    }
    return 0;
}

/* Tokens before the text are put there (tok_put_begin). Behind it they would
 * end a prompt before its answer. */
static int load_template(struct tok *t, const json_t *o, struct err *e)
{
    static const char where[] = "post_processor";
    const json_t *list = json_object_get(o, "single"), *item;
    int text = 0,
        r = tok_check_keys(t, o, where, "type single pair special_tokens", e);
    size_t i;

    if (!r && !json_is_array(list))
        return tok_unsupported(t, e, where, "single", list);
    json_array_foreach(list, i, item) {
        const json_t *special = json_object_get(item, "SpecialToken");
        const char *id = json_string_value(json_object_get(special, "id"));

        if (r)
            return r;
        if (!text && json_object_get(item, "Sequence"))
            text = 1;
        else if (text || !id)
            return tok_unsupported(t, e, where, "single", item);
        else
            r = begin_with(t, o, id, e);
    }
    return r || text ? r : tok_unsupported(t, e, where, "single", list);
}

static int load_post_processor(struct tok *t, const json_t *o, int depth,
                               struct err *e)
{
    const json_t *list = json_object_get(o, "processors"), *item;
    int prefix, regex, r = 0;
    size_t i;

    if (!o || json_is_null(o))
        return 0;
    if (!strcmp(tok_type_of(o), "TemplateProcessing"))
        return load_template(t, o, e);
    if (strcmp(tok_type_of(o), "Sequence") || depth || !json_is_array(list))
        return tok_byte_level(t, o, "post_processor", &prefix, &regex, e);
    json_array_foreach(list, i, item) {
        r = load_post_processor(t, item, 1, e);
        if (r)
            return r;
    }
    return tok_check_keys(t, o, "post_processor", "type processors", e);
}

/* ByteLevel, or a Sequence of it alone */
static int load_decoder(struct tok *t, const json_t *o, struct err *e)
{
    const json_t *list = json_object_get(o, "decoders");
    int prefix, regex;

    if (!strcmp(tok_type_of(o), "Sequence") && json_array_size(list) == 1) {
        if (tok_check_keys(t, o, "decoder", "type decoders", e))
            return -ERR_DATA;
        o = json_array_get(list, 0);
    }
    return tok_byte_level(t, o, "decoder", &prefix, &regex, e);
}

/* transformers sets both anew, so that what was saved has no effect. */
static void ignored(struct tok *t, const json_t *root)
{
    const json_t *padding = json_object_get(root, "padding");
    const json_t *truncation = json_object_get(root, "truncation");
    int p = padding && !json_is_null(padding);
    int c = truncation && !json_is_null(truncation);

    struct buf b = {0};

    if (!p && !c)
        return;
    buf_printf(&b, "%s: %s ignored, as in transformers", t->name,
               p && c ? "padding and truncation are"
               : p    ? "padding is"
                      : "truncation is");
    t->note = xstrdup(buf_str(&b));
    buf_free(&b);
}

int tok_load_parts(struct tok *t, const json_t *root, int flags, struct err *e)
{
    int r;

    r = tok_check_keys(t, root, "",
                       "version truncation padding added_tokens "
                       "normalizer pre_tokenizer post_processor decoder model",
                       e);
    if (!r)
        r = load_model(t, json_object_get(root, "model"), e);
    if (!r)
        r = load_normalizer(t, json_object_get(root, "normalizer"), 0, e);
    if (!r)
        r = tok_load_pre(t, json_object_get(root, "pre_tokenizer"), flags, e);
    if (!r)
        r = load_post_processor(t, json_object_get(root, "post_processor"), 0,
                                e);
    if (!r)
        r = load_decoder(t, json_object_get(root, "decoder"), e);
    if (!r)
        ignored(t, root);
    return r;
}
