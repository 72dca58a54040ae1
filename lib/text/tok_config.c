/* tok_config - what lies beside tokenizer.json: tokenizer_config.json and
 * chat templates
 */
#include "tok_impl.h"
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/digests.h"

/* The text of a token that the file names, or NULL. */
static const char *named(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    if (json_is_object(v))
        v = json_object_get(v, "content");
    return json_string_value(v);
}

static int config_tokens(struct tok *t, const json_t *o, const char *path,
                         struct err *e)
{
    static const char *const names[TOK_MAX_NAMED] = {
        "bos_token", "eos_token", "unk_token",  "sep_token",
        "pad_token", "cls_token", "mask_token",
    };
    const json_t *eos = json_object_get(o, "eos_token");
    const char *s;

    for (int i = 0; i < TOK_MAX_NAMED; i++)
        if ((s = named(o, names[i]))) {
            t->named[t->n_named].name = names[i];
            t->named[t->n_named++].token = xstrdup(s);
        }
    if (!eos || json_is_null(eos))
        return 0;
    s = named(o, "eos_token");
    if (!s)
        return err_set(e, ERR_DATA, "%s: eos_token: expected a string", path);
    t->eos = tok_id(t, s);
    if (t->eos < 0)
        return err_set(e, ERR_DATA,
                       "%s: eos_token \"%.100s\" is not in the vocabulary",
                       path, s);
    return 0;
}

void tok_drop_chats(struct tok *t)
{
    for (int i = 0; i < t->n_chats; i++) {
        free(t->chat[i].name);
        free(t->chat[i].text);
    }
    free(t->chat);
    t->chat = NULL;
    t->n_chats = 0;
}

void tok_add_chat(struct tok *t, const char *name, const char *text, size_t n)
{
    char *copy = xmalloc(n + 1);

    if (n)
        memcpy(copy, text, n);
    copy[n] = '\0';
    t->chat = xrealloc(t->chat, (size_t)t->n_chats + 1, sizeof *t->chat);
    t->chat[t->n_chats].name = xstrdup(name);
    t->chat[t->n_chats++].text = copy;
}

/* A string, or a list of {"name", "template"}. */
static int config_chats(struct tok *t, const json_t *o, const char *path,
                        struct err *e)
{
    const json_t *v = json_object_get(o, "chat_template"), *item;
    size_t i;

    if (!v || json_is_null(v))
        return 0;
    if (json_is_string(v)) {
        tok_add_chat(t, "", json_string_value(v), json_string_length(v));
        return 0;
    }
    json_array_foreach(v, i, item) {
        const json_t *text = json_object_get(item, "template");
        const char *name = json_string_value(json_object_get(item, "name"));

        if (!name || !*name || !json_is_string(text))
            v = NULL;
        else
            tok_add_chat(t, name, json_string_value(text),
                         json_string_length(text));
    }
    if (!json_is_array(v))
        return err_set(e, ERR_DATA,
                       "%s: chat_template: expected a string, "
                       "or a list of names and templates",
                       path);
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

/* NAME of "NAME.jinja", malloc'd, or NULL. */
static char *jinja_name(const char *file)
{
    size_t n = strlen(file);
    char *name;

    if (n < 7 || strcmp(file + n - 6, ".jinja"))
        return NULL;
    name = xstrdup(file);
    name[n - 6] = '\0';
    return name;
}

/* A file of its own counts before the field; transformers writes one, and
 * those with names into a folder. */
static int file_chats(struct tok *t, const char *dir, struct err *e)
{
    static const char more[] = "additional_chat_templates";
    char *path = file_in(dir, more);
    struct filemap m;
    struct dirent *d;
    DIR *folder = NULL;
    int r = digests_map(&m, dir, "chat_template.jinja", e);

    if (r > 0) {
        tok_drop_chats(t);
        tok_add_chat(t, "", (const char *)m.data, m.size);
        file_unmap(&m);
        r = 0;
    }
    if (!r)
        folder = opendir(path);
    free(path);
    while (!r && folder && (d = readdir(folder))) {
        char *name = jinja_name(d->d_name), *file;

        if (!name)
            continue;
        file = file_in(more, d->d_name);
        r = digests_map(&m, dir, file, e);
        if (r > 0) {
            tok_add_chat(t, name, (const char *)m.data, m.size);
            file_unmap(&m);
            r = 0;
        }
        free(file);
        free(name);
    }
    if (folder)
        closedir(folder);
    return r;
}

int tok_load_config(struct tok *t, const char *dir, struct err *e)
{
    static const char name[] = "tokenizer_config.json";
    char *path = file_in(dir, name);
    struct filemap m;
    json_t *o = NULL;
    int r = digests_map(&m, dir, name, e);

    if (r > 0) {
        r = read_object(&o, &m, path, e);
        file_unmap(&m);
    }
    if (!r && o)
        r = config_tokens(t, o, path, e);
    if (!r && o)
        r = config_chats(t, o, path, e);
    json_decref(o);
    free(path);
    return r ? r : file_chats(t, dir, e);
}
