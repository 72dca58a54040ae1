/* tok_pre - the pre_tokenizer of tokenizer.json: how text is cut into pieces
 *
 * Split and Digits in any order, then ByteLevel, which may put a space in
 * front of each piece and may cut by GPT-2's pattern.
 */
#include "tok_impl.h"
#include "../base/arena.h"
#include "split_forms.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char where[] = "pre_tokenizer";

static int add_split(struct tok *t, const struct split_rule *rule, int flags,
                     struct err *e)
{
    char *place;
    int r;

    if (t->n_splits == TOK_MAX_SPLITS)
        return err_set(e, ERR_DATA,
                       "%s: pre_tokenizer: more than %d splits "
                       "are not supported",
                       t->name, TOK_MAX_SPLITS);
    place = xmalloc(strlen(t->name) + 32);
    sprintf(place, "%s: pre_tokenizer.pattern", t->name);
    r = split_open(&t->split[t->n_splits], rule, flags & TOK_FORCE_REGEX,
                   t->prop, place, e);
    free(place);
    if (!r)
        t->n_splits++;
    return r;
}

/* {"Regex": ...} or {"String": ...} */
static int load_pattern(struct tok *t, const json_t *o, struct split_rule *rule,
                        struct err *e)
{
    const json_t *pattern = json_object_get(o, "pattern");
    const json_t *v = json_object_get(pattern, "Regex");

    if (!v) {
        v = json_object_get(pattern, "String");
        rule->literal = 1;
    }
    rule->pattern = json_string_value(v);
    if (!rule->pattern || json_object_size(pattern) != 1 ||
        strlen(rule->pattern) != json_string_length(v) ||
        (rule->literal && !*rule->pattern))
        return tok_unsupported(t, e, where, "pattern", pattern);
    return 0;
}

static int load_split(struct tok *t, const json_t *o, int flags, struct err *e)
{
    static const char *const keep[] = {
        [SPLIT_ISOLATED] = "Isolated",
        [SPLIT_REMOVED] = "Removed",
        [SPLIT_CONTIGUOUS] = "Contiguous",
        [SPLIT_TO_PREVIOUS] = "MergedWithPrevious",
        [SPLIT_TO_NEXT] = "MergedWithNext",
    };
    const json_t *behavior = json_object_get(o, "behavior");
    const char *s = json_string_value(behavior);
    struct split_rule rule = {0};
    size_t i = 0, n = sizeof keep / sizeof *keep;
    int r = tok_check_keys(t, o, where, "type pattern behavior invert", e);

    if (!r)
        r = tok_get_flag(t, o, where, "invert", 0, &rule.invert, e);
    if (!r)
        r = load_pattern(t, o, &rule, e);
    if (r)
        return r;
    while (i < n && (!s || strcmp(s, keep[i])))
        i++;
    if (i == n)
        return tok_unsupported(t, e, where, "behavior", behavior);
    rule.keep = (enum split_keep)i;
    return add_split(t, &rule, flags, e);
}

static int load_digits(struct tok *t, const json_t *o, int flags, struct err *e)
{
    struct split_rule rule = {0};
    int single = 0,
        r = tok_check_keys(t, o, where, "type individual_digits", e);

    if (!r)
        r = tok_get_flag(t, o, where, "individual_digits", 0, &single, e);
    rule.keep = !r && single ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS;
    return r ? r : add_split(t, &rule, flags, e);
}

static int load_byte_level(struct tok *t, const json_t *o, int flags,
                           struct err *e)
{
    struct split_rule rule = {.pattern = split_gpt2};
    int prefix, regex, r = tok_byte_level(t, o, where, &prefix, &regex, e);

    if (r)
        return r;
    if (prefix)
        t->prefix_at = t->n_splits;
    return regex ? add_split(t, &rule, flags, e) : 0;
}

/* One pre_tokenizer, or those of a Sequence; last: nothing follows. */
static int load(struct tok *t, const json_t *o, int last, int depth, int flags,
                struct err *e)
{
    const json_t *list = json_object_get(o, "pretokenizers");
    const char *type = tok_type_of(o);
    size_t n = json_array_size(list);
    int r = 0;

    if (!strcmp(type, "Metaspace"))
        return tok_not_byte_level(t,
                                  "pre_tokenizer Metaspace: a "
                                  "sentencepiece tokenizer",
                                  e);
    if (!strcmp(type, "Sequence") && depth < 4) {
        if (tok_check_keys(t, o, where, "type pretokenizers", e))
            return -ERR_DATA;
        if (last && !n)
            return tok_unsupported(t, e, where, "pretokenizers", list);
        for (size_t i = 0; !r && i < n; i++)
            r = load(t, json_array_get(list, i), last && i + 1 == n, depth + 1,
                     flags, e);
        return r;
    }
    if (last)
        return load_byte_level(t, o, flags, e);
    if (!strcmp(type, "Split"))
        return load_split(t, o, flags, e);
    if (!strcmp(type, "Digits"))
        return load_digits(t, o, flags, e);
    return tok_unsupported(t, e, where, "type", json_object_get(o, "type"));
}

int tok_load_pre(struct tok *t, const json_t *o, int flags, struct err *e)
{
    if (!o || json_is_null(o))
        return tok_unsupported(t, e, "", where, json_null());
    return load(t, o, 1, 0, flags, e);
}
