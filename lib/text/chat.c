/* chat - a model's own chat format, recognised from its Jinja template */
#include "chat.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/hash.h"

#define START "<|im_start|>"
#define END "<|im_end|>\n"

struct chat {
    char *system; /* what a conversation without a system message begins
                     with; NULL: nothing */
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
    const char *p = between(jinja, "'<|im_start|>system\\n",
                            "<|im_end|>\\n'", n);

    return p ? p : between(jinja, "'<|im_start|>system\n", "<|im_end|>\n'",
                           n);
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

int chat_open(struct chat **out, const char *jinja, const char *where,
              struct err *e)
{
    struct chat *c;
    const char *system;
    size_t n = 0;
    char hex[33];

    *out = NULL;
    if (!jinja)
        return err_set(e, ERR_DATA, "%s: no chat_template", where);
    system = default_system(jinja, &n);
    digest(jinja, system, n, hex);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(hex, known[i].digest) ||
            known[i].has_system != (system != NULL))
            continue;
        c = xcalloc(1, sizeof *c);
        *out = c;
        if (!system)
            return 0;
        c->system = unquote(system, n);
        if (c->system)
            return 0;
        chat_close(out);
        break;
    }
    return err_set(e, ERR_DATA, "%s: this chat_template is not one we know "
                   "(Qwen2.5's, Qwen2's, ChatML); write the prompt's form "
                   "into a file and name that as the template", where);
}

void chat_close(struct chat **c)
{
    if (!*c)
        return;
    free((*c)->system);
    free(*c);
    *c = NULL;
}

static void put(struct tok_part *part, size_t *n, const char *s, size_t len,
                int specials)
{
    part[*n] = (struct tok_part){s, len, specials};
    *n += 1;
}

static void mark(struct tok_part *part, size_t *n, const char *s)
{
    put(part, n, s, strlen(s), 1);
}

int chat_render(const struct chat *c, const struct chat_message *m, size_t n,
                int generate, struct tok_part *part, size_t *n_parts,
                struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        int system = !strcmp(m[i].role, "system");

        if (!system && strcmp(m[i].role, "user") &&
            strcmp(m[i].role, "assistant"))
            return err_set(e, ERR_DATA, "chat: a message of role '%.40s'",
                           m[i].role);
        if (i == 0 && !system && c->system) {
            mark(part, n_parts, START "system\n");
            mark(part, n_parts, c->system);
            mark(part, n_parts, END);
        }
        mark(part, n_parts, START);
        mark(part, n_parts, m[i].role);
        mark(part, n_parts, "\n");
        put(part, n_parts, m[i].text, m[i].n, 0);
        mark(part, n_parts, END);
    }
    if (generate)
        mark(part, n_parts, START "assistant\n");
    return 0;
}
