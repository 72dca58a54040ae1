/* tok_json - objects of tokenizer.json checked: members, flags, types */
#include "../base/arena.h"
#include "tok_impl.h"
#include <jansson.h>
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
    json_object_foreach((json_t *)o, key, v) {
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

const char *tok_type_of(const json_t *o)
{
    const char *s = json_string_value(json_object_get(o, "type"));

    return s ? s : "";
}

int tok_not_byte_level(struct tok *t, const char *what, struct err *e)
{
    return err_set(e, ERR_DATA,
                   "%s: %s: only byte-level BPE is read; a model "
                   "whose tokenizer is one helps (GPT-2, Llama 3, Qwen, "
                   "SmolLM2, DeepSeek, Mistral with tekken)",
                   t->name, what);
}

int tok_byte_level(struct tok *t, const json_t *o, const char *where,
                   int *prefix, int *regex, struct err *e)
{
    int trim, r;

    if (strcmp(tok_type_of(o), "ByteLevel"))
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
