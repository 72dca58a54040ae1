/* chat - a model's own chat format, recognised or rendered by jinja2 */
#include "chat.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/hash.h"
#include "chat_jinja.h"

#define START "<|im_start|>"
#define END "<|im_end|>\n"

struct chat {
    char *system; /* what a conversation without a system message begins
                     with; NULL: nothing */
    struct chat_jinja *jinja; /* not recognised */
    struct tok_part *part;    /* of the last rendering */
    size_t n, cap;
};

/* Digests (hash_hex128) of templates without their default system text and
 * without white space at the end. Fixtures: tests/golden/text/make_chat.py */
static const struct {
    const char *digest;
    int has_system;
} known[] = {
    /* Qwen2.5 and Qwen2.5-Math, with tools */
    {"a695a605327c29e77bc043e490ebe885", 1},
    /* Qwen2; its line ends as escapes, as line ends */
    {"107733d1f06ce8aedf076aac007e7ad7", 1},
    {"298b26e843f5367c08841822733926dc", 1},
    /* ChatML and nothing more; the same two ways */
    {"577a7fce73f72e1ee2be9fd6966bb5eb", 0},
    {"f0a6a8278439fdb056191e205a440263", 0},
};

/* The text of one literal between `open` and `close`, unless it begins with
 * a quote (then the literal ends there). */
static const char *between(const char *s, const char *open, const char *close,
                           size_t *n)
{
    const char *p = s, *end;

    while ((p = strstr(p, open)) && p[strlen(open)] == '\'')
        p += strlen(open);
    if (!p)
        return NULL;
    p += strlen(open);
    end = strstr(p, close);
    if (!end || end == p)
        return NULL;
    *n = (size_t)(end - p);
    return p;
}

/* The default system text as the Jinja source spells it; the literals' line
 * ends are escapes in some files and line ends in others. */
static const char *default_system(const char *jinja, size_t *n)
{
    const char *p = between(jinja, "'<|im_start|>system\\n", "<|im_end|>\\n'",
                            n);

    return p ? p : between(jinja, "'<|im_start|>system\n", "<|im_end|>\n'", n);
}

static void digest(const char *jinja, const char *system, size_t n,
                   char out[33])
{
    struct buf b = {0};
    size_t len = strlen(jinja);
    const char *p = jinja, *end;

    while (len && strchr(" \t\r\n", jinja[len - 1]))
        len--;
    for (end = jinja + len; p < end;) {
        if (system && (size_t)(end - p) >= n && !memcmp(p, system, n)) {
            buf_puts(&b, "{system}");
            p += n;
        } else {
            buf_put(&b, p++, 1);
        }
    }
    hash_hex128(b.p, b.n, out);
    buf_free(&b);
}

/* A Jinja string literal's text; NULL when it has an escape we do not know. */
static char *unquote(const char *s, size_t n)
{
    char *out = xmalloc(n + 1), *w = out;

    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\') {
            i++;
            if (i == n || !strchr("\\'\"nt", s[i])) {
                free(out);
                return NULL;
            }
            *w++ = s[i] == 'n' ? '\n' : s[i] == 't' ? '\t' : s[i];
        } else {
            *w++ = s[i];
        }
    }
    *w = '\0';
    return out;
}

/* Is it one that we know? Then c->system is set; 0: no. */
static int recognise(struct chat *c, const char *jinja)
{
    size_t n = 0;
    const char *system = default_system(jinja, &n);
    char hex[33];

    digest(jinja, system, n, hex);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(hex, known[i].digest) ||
            known[i].has_system != (system != NULL))
            continue;
        if (system)
            c->system = unquote(system, n);
        return !system || c->system;
    }
    return 0;
}

int chat_is_known(const char *jinja)
{
    struct chat c = {0};
    int r = recognise(&c, jinja);

    free(c.system);
    return r;
}

int chat_open(struct chat **out, const struct chat_opts *o, struct err *e)
{
    struct chat *c;
    int r = 0;

    *out = NULL;
    if (!o->jinja)
        return err_set(e, ERR_DATA,
                       "%s: no chat_template in tokenizer_config.json, and "
                       "no chat_template.jinja",
                       o->where);
    c = xcalloc(1, sizeof *c);
    if (o->n_args || !recognise(c, o->jinja))
        r = chat_jinja_open(&c->jinja, o, e);
    *out = c;
    if (r)
        chat_close(out);
    return r;
}

void chat_close(struct chat **c)
{
    if (!*c)
        return;
    chat_jinja_close(&(*c)->jinja);
    free((*c)->system);
    free((*c)->part);
    free(*c);
    *c = NULL;
}

const char *chat_identity(const struct chat *c)
{
    return c->jinja ? chat_jinja_identity(c->jinja) : "";
}

static void put(struct chat *c, const struct tok_part *part, size_t n)
{
    if (c->n + n > c->cap) {
        c->cap = 2 * (c->n + n) + 16;
        c->part = xrealloc(c->part, c->cap, sizeof *c->part);
    }
    if (n)
        memcpy(c->part + c->n, part, n * sizeof *part);
    c->n += n;
}

static void mark(struct chat *c, const char *s)
{
    put(c, &(struct tok_part){s, strlen(s), 1}, 1);
}

static int render_known(struct chat *c, const struct chat_message *m, size_t n,
                        int generate, struct err *e)
{
    c->n = 0;
    for (size_t i = 0; i < n; i++) {
        int system = !strcmp(m[i].role, "system");

        if (!system && strcmp(m[i].role, "user") &&
            strcmp(m[i].role, "assistant"))
            return err_set(e, ERR_DATA, "chat: a message of role '%.40s'",
                           m[i].role);
        if (i == 0 && !system && c->system) {
            mark(c, START "system\n");
            mark(c, c->system);
            mark(c, END);
        }
        mark(c, START);
        mark(c, m[i].role);
        mark(c, "\n");
        put(c, m[i].part, m[i].n);
        mark(c, END);
    }
    if (generate)
        mark(c, START "assistant\n");
    return 0;
}

int chat_render(struct chat *c, const struct chat_message *m, size_t n,
                int generate, const struct tok_part **part, size_t *n_parts,
                struct err *e)
{
    int r;

    if (c->jinja)
        return chat_jinja_render(c->jinja, m, n, generate, part, n_parts, e);
    r = render_known(c, m, n, generate, e);
    *part = c->part;
    *n_parts = c->n;
    return r;
}
