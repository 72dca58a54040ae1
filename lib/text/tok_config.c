/* tok_config - what lies beside tokenizer.json: tokenizer_config.json and
 * chat_template.jinja
 */
#include "tok_impl.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/digests.h"

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

/* Numbers are read as doubles: transformers writes a model_max_length of 31
 * digits where a model has none. */
static int read_object(json_t **o, const struct filemap *m, const char *path,
                       struct err *e)
{
    json_error_t je;

    *o = json_loadb(m->size ? (const char *)m->data : "", m->size,
                    JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &je);
    if (!*o)
        return err_set(e, ERR_DATA, "%s: line %d, column %d: %s", path,
                       je.line < 1 ? 1 : je.line, je.column < 1 ? 1 : je.column,
                       je.text);
    return json_is_object(*o)
               ? 0
               : err_set(e, ERR_DATA, "%s: expected an object", path);
}

int tok_load_config(struct tok *t, const char *dir, struct err *e)
{
    char *path = xmalloc(strlen(dir) + 32);
    struct filemap m;
    json_t *o = NULL;
    int r = digests_map(&m, dir, "tokenizer_config.json", e);

    sprintf(path, "%s/tokenizer_config.json", dir);
    if (r > 0) {
        r = read_object(&o, &m, path, e);
        file_unmap(&m);
    }
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
