/* chat_jinja - a conversation for jinja2, and its text as parts */
#include "chat_jinja.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/hash.h"
#include "../base/utf8.h"
#include "jinja.h"
#include "tok_impl.h"

struct chat_jinja {
    const struct tok *tok;
    struct jinja *jinja;
    char identity[33];
    char *where;
    struct buf content, text; /* a message as it is sent; what came back */
    struct nfc_buf nfc;       /* becomes_special */
    struct tok_part *part;
    size_t n, cap;
};

/* ---- the template's variables ------------------------------------------- */

/* "name=value" into variables, or into *date. */
static int argument(json_t *variables, const char *text, const char **date,
                    const char *where, struct err *e)
{
    const char *value = strchr(text, '=');
    char *name;
    json_t *v;

    if (!value || value == text)
        return err_set(e, ERR_USAGE,
                       "%s: argument '%.100s': expected "
                       "NAME=VALUE",
                       where, text);
    name = xstrdup(text);
    name[value++ - text] = '\0';
    if (!strcmp(name, "strftime_now")) {
        int y, m, d, n = 0;

        *date = value;
        free(name);
        if (sscanf(value, "%4d-%2d-%2d%n", &y, &m, &d, &n) == 3 && n == 10 &&
            !value[n] && y > 0 && m > 0 && m <= 12 && d > 0 && d <= 31)
            return 0;
        return err_set(e, ERR_USAGE,
                       "%s: argument strftime_now: '%.40s' is no "
                       "date, expected YYYY-MM-DD",
                       where, value);
    }
    v = json_loads(value, JSON_DECODE_ANY, NULL);
    if (!v)
        v = json_string(value);
    if (!v || json_object_set_new(variables, name, v)) {
        free(name);
        return err_set(e, ERR_USAGE, "%s: argument '%.100s': not UTF-8", where,
                       text);
    }
    free(name);
    return 0;
}

static int variables(const struct chat_opts *o, json_t *out, const char **date,
                     struct err *e)
{
    int r = 0;

    *date = CHAT_DATE;
    for (int i = 0; i < o->tok->n_named; i++)
        json_object_set_new(out, o->tok->named[i].name,
                            json_string(o->tok->named[i].token));
    for (int i = 0; !r && i < o->n_args; i++)
        r = argument(out, o->args[i], date, o->where, e);
    return r;
}

/* The template and all that it is given but messages. */
static void identify(struct chat_jinja *c, const char *template,
                     const json_t *vars, const char *date)
{
    char *text = json_dumps(vars, JSON_COMPACT | JSON_SORT_KEYS);
    struct buf b = {0};

    buf_put(&b, template, strlen(template) + 1);
    buf_put(&b, text, strlen(text) + 1);
    buf_puts(&b, date);
    hash_hex128(b.p, b.n, c->identity);
    buf_free(&b);
    free(text);
}

int chat_jinja_open(struct chat_jinja **out, const struct chat_opts *o,
                    struct err *e)
{
    struct chat_jinja *c = xcalloc(1, sizeof *c);
    json_t *vars = json_object();
    struct jinja_opts j = {
        .text = o->jinja,
        .where = o->where,
        .variables = vars,
        .limit_ms = o->limit_ms ? o->limit_ms : JINJA_LIMIT_MS,
        .mem_bytes = JINJA_MEM_BYTES,
        .max_bytes = JINJA_MAX_BYTES,
    };
    int r = variables(o, vars, &j.date, e);

    c->tok = o->tok;
    c->where = xstrdup(o->where);
    if (!r) {
        identify(c, o->jinja, vars, j.date);
        r = jinja_open(&c->jinja, &j, e);
    }
    json_decref(vars);
    *out = c;
    if (r)
        chat_jinja_close(out);
    return r;
}

void chat_jinja_close(struct chat_jinja **c)
{
    if (!*c)
        return;
    jinja_close(&(*c)->jinja);
    buf_free(&(*c)->content);
    buf_free(&(*c)->text);
    nfc_free(&(*c)->nfc);
    free((*c)->part);
    free((*c)->where);
    free(*c);
    *c = NULL;
}

const char *chat_jinja_identity(const struct chat_jinja *c)
{
    return c->identity;
}

/* ---- messages ----------------------------------------------------------- */

/* A mark is three bytes that no text of this conversation holds: U+FDD0 to
 * U+FDEF are no characters. 0: each of them is there. */
static int choose_mark(const struct chat_message *m, size_t n, char mark[3])
{
    for (int last = 0x90; last <= 0xaf; last++) {
        int found = 0;

        memcpy(mark, "\xef\xb7", 2);
        mark[2] = (char)last;
        for (size_t i = 0; !found && i < n; i++)
            for (size_t k = 0; !found && k < m[i].n; k++)
                found = m[i].part[k].n &&
                        memmem(m[i].part[k].s, m[i].part[k].n, mark, 3);
        if (!found)
            return 1;
    }
    return 0;
}

/* Does a special token begin at p, or what is left begin as one does? cut: the
 * latter alone. */
static int begins_special(const struct tok *t, const struct added_set *set,
                          const char *p, const char *end, int cut)
{
    unsigned char c = (unsigned char)*p;

    for (int i = 0; i < set->count[c]; i++) {
        const struct added *a = &t->added[set->order[set->first[c] + i]];
        size_t n = (size_t)(end - p);

        if (a->special && (n < a->n || !cut) &&
            !memcmp(a->content, p, n < a->n ? n : a->n))
            return 1;
    }
    return 0;
}

static size_t count_specials(const struct tok *t, const char *s, size_t n)
{
    size_t found = 0;

    for (int i = 0; i < t->normal.n; i++) {
        const struct added *a = &t->added[t->normal.order[i]];
        const char *p = s, *end = s + n;

        while (a->special &&
               (p = memmem(p, (size_t)(end - p), a->content, a->n))) {
            found++;
            p++;
        }
    }
    return found;
}

/* Does normalizing make a special token of this text? A mark in it would not
 * help: it is gone when the text is normalized. */
static int becomes_special(struct chat_jinja *c, const char *s, size_t n)
{
    const struct tok *t = c->tok;
    const char *form;
    size_t k;

    if (!t->use_nfc || !t->normal.n || !n)
        return 0;
    form = nfc_text(&c->nfc, t->prop, s, n, &k);
    return form != s && count_specials(t, form, k) > count_specials(t, s, n);
}

/* A message's text, with marks in the special tokens of parts in which they do
 * not count, and in what may become one with the part behind. */
static json_t *content(struct chat_jinja *c, const struct chat_message *m,
                       const char mark[3])
{
    const struct tok *t = c->tok;

    c->content.n = 0;
    for (size_t k = 0; k < m->n; k++) {
        const char *p = m->part[k].s, *end = p + m->part[k].n;

        while (p < end) {
            uint32_t cp;
            int n = utf8_next((const unsigned char *)p, &cp);

            buf_put(&c->content, p, (size_t)n);
            if (begins_special(t, &t->raw, p, end, m->part[k].specials) ||
                begins_special(t, &t->normal, p, end, m->part[k].specials))
                buf_put(&c->content, mark, 3);
            p += n;
        }
    }
    return json_stringn(c->content.n ? c->content.p : "", c->content.n);
}

static json_t *conversation(struct chat_jinja *c, const struct chat_message *m,
                            size_t n, int generate, const char mark[3])
{
    json_t *o = json_object(), *list = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *x = json_object();

        json_object_set_new(x, "role", json_string(m[i].role));
        json_object_set_new(x, "content", content(c, &m[i], mark));
        json_array_append_new(list, x);
    }
    json_object_set_new(o, "messages", list);
    json_object_set_new(o, "add_generation_prompt", json_boolean(generate));
    return o;
}

static void put(struct chat_jinja *c, size_t from, size_t to, int specials)
{
    if (from == to)
        return;
    if (c->n == c->cap) {
        c->cap = 2 * c->cap + 16;
        c->part = xrealloc(c->part, c->cap, sizeof *c->part);
    }
    c->part[c->n++] = (struct tok_part){c->text.p + from, to - from, specials};
}

/* Takes the marks out of the text; the character before each is a part in
 * which no special token counts. */
static void cut(struct chat_jinja *c, const char *s, size_t n,
                const char mark[3])
{
    const char *end = s + n, *p;
    size_t done = 0;

    c->n = 0;
    c->text.n = 0;
    buf_room(&c->text, n + 1); /* the parts point into it */
    while ((p = n ? memmem(s, (size_t)(end - s), mark, 3) : NULL)) {
        size_t at;

        buf_put(&c->text, s, (size_t)(p - s));
        s = p + 3;
        for (at = c->text.n; at > done; at--)
            if (at < c->text.n && ((unsigned char)c->text.p[at] & 0xc0) != 0x80)
                break;
        put(c, done, at, 1);
        put(c, at, c->text.n, 0);
        done = c->text.n;
    }
    buf_put(&c->text, s, (size_t)(end - s));
    put(c, done, c->text.n, 1);
}

int chat_jinja_render(struct chat_jinja *c, const struct chat_message *m,
                      size_t n, int generate, const struct tok_part **part,
                      size_t *n_parts, struct err *e)
{
    const char *text;
    size_t n_text;
    char mark[3];
    json_t *o;
    int r;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < m[i].n; k++) {
            const struct tok_part *x = &m[i].part[k];

            if (!utf8_whole(x->s, x->n))
                return err_set(e, ERR_DATA, "a message is not UTF-8");
            if (!x->specials && becomes_special(c, x->s, x->n))
                return err_set(e, ERR_DATA,
                               "a message of which normalizing "
                               "makes a special token");
        }
    if (!choose_mark(m, n, mark))
        return err_set(e, ERR_DATA,
                       "messages that hold all of U+FDD0 to "
                       "U+FDEF");
    o = conversation(c, m, n, generate, mark);
    r = jinja_render(c->jinja, o, &text, &n_text, e);
    json_decref(o);
    if (r)
        return r;
    cut(c, text, n_text, mark);
    *part = c->part;
    *n_parts = c->n;
    return 0;
}
