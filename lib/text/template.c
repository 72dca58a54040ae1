/* template - the form in which a prompt is put before a model */
#include "template.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/utf8.h"
#include "chat.h"

#define MAX_PIECES 64

static const char dapo[] =
    "Solve the following math problem step by step. The last line of your "
    "response should be of the form Answer: $Answer (without quotes) where "
    "$Answer is the answer to the problem.\n\n{prompt}\n\nRemember to put "
    "your answer on its own line after \"Answer:\".";
static const char boxed[] =
    "{prompt}\nPlease reason step by step, and put your final answer within "
    "\\boxed{}.";

enum what { TEXT, PROMPT, CHOICES };

struct piece {
    enum what what;
    size_t from, n; /* of text, when TEXT */
};

struct template {
    char *text;
    struct piece piece[MAX_PIECES];
    int n_pieces;
    int has_choices, is_none;
    struct chat *chat; /* around it, or NULL */
    char identity[128];
    struct buf choices, user;
};

static int cut(struct template *p, const char *name, struct err *e)
{
    size_t n = strlen(p->text), at = 0;
    int has_prompt = 0;

    while (at < n) {
        const char *s = p->text + at;
        const char *prompt = strstr(s, "{prompt}");
        const char *choices = strstr(s, "{choices}");
        const char *next = prompt;
        struct piece *x = &p->piece[p->n_pieces];

        if (choices && (!next || choices < next))
            next = choices;
        if (p->n_pieces == MAX_PIECES)
            return err_set(e, ERR_DATA, "%s: a template with more than %d "
                           "pieces", name, MAX_PIECES);
        if (next != s) {
            *x = (struct piece){TEXT, at,
                                next ? (size_t)(next - s) : n - at};
        } else if (next == prompt) {
            *x = (struct piece){PROMPT, at, 8};
            has_prompt = 1;
        } else {
            *x = (struct piece){CHOICES, at, 9};
            p->has_choices = 1;
        }
        at += x->n;
        p->n_pieces++;
    }
    if (!has_prompt)
        return err_set(e, ERR_DATA, "%s: a template without {prompt}", name);
    return 0;
}

static int read_file(struct template *p, const char *path, struct err *e)
{
    struct filemap m = {0};
    char hex[33];
    int ascii, r;

    if (!file_exists(path))
        return err_set(e, ERR_USAGE, "template '%s': neither none, chat, "
                       "dapo, qwen-boxed nor a file", path);
    r = file_map(&m, path, e);
    if (r)
        return r;
    if (m.size > 1 << 20 || (m.size && memchr(m.data, 0, m.size)) ||
        utf8_valid((const char *)m.data, m.size, &ascii) < m.size) {
        file_unmap(&m);
        return err_set(e, ERR_DATA, "%s: a template is UTF-8 text of up to "
                       "1 MiB", path);
    }
    p->text = xmalloc(m.size + 1);
    if (m.size)
        memcpy(p->text, m.data, m.size);
    p->text[m.size] = '\0';
    hash_hex128(p->text, m.size, hex);
    snprintf(p->identity + strlen(p->identity),
             sizeof p->identity - strlen(p->identity), "file:%s", hex);
    file_unmap(&m);
    return 0;
}

static int inner(struct template *p, const char *name, struct err *e)
{
    static const struct {
        const char *name, *text;
    } own[] = {{"none", "{prompt}"}, {"dapo", dapo}, {"qwen-boxed", boxed}};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!strcmp(name, own[i].name)) {
            p->text = xstrdup(own[i].text);
            strcat(p->identity, name);
            return 0;
        }
    return read_file(p, name, e);
}

int template_open(struct template **out, const char *name,
                  const struct tok *t, struct err *e)
{
    struct template *p = xcalloc(1, sizeof *p);
    int r = 0;

    *out = p;
    p->is_none = !strcmp(name, "none");
    if (!strcmp(name, "chat") || !strncmp(name, "chat+", 5)) {
        r = chat_open(&p->chat, tok_chat_template(t), "template chat", e);
        if (!r && name[4]) {
            strcpy(p->identity, "chat+");
            r = inner(p, name + 5, e);
        } else if (!r) {
            strcpy(p->identity, "chat");
            p->text = xstrdup("{prompt}");
        }
    } else {
        r = inner(p, name, e);
    }
    if (!r)
        r = cut(p, name, e);
    if (r)
        template_close(out);
    return r;
}

void template_close(struct template **p)
{
    if (!*p)
        return;
    chat_close(&(*p)->chat);
    buf_free(&(*p)->choices);
    buf_free(&(*p)->user);
    free((*p)->text);
    free(*p);
    *p = NULL;
}

static void render_choices(struct template *p,
                           const struct template_input *in)
{
    p->choices.n = 0;
    if (!p->has_choices && in->n_choices)
        buf_puts(&p->choices, "\n");
    for (size_t i = 0; i < in->n_choices; i++) {
        buf_printf(&p->choices, "%s%c. ", i ? "\n" : "", 'A' + (int)i);
        buf_put(&p->choices, in->choices[i].s, in->choices[i].n);
    }
}

/* Appends the parts of everything inside of the chat format. */
static int render_inner(struct template *p, const struct template_input *in,
                        struct tok_part *part)
{
    int n = 0;

    for (int i = 0; i < p->n_pieces; i++) {
        const struct piece *x = &p->piece[i];

        if (x->what == TEXT) {
            part[n++] = (struct tok_part){p->text + x->from, x->n, 1};
            continue;
        }
        if (x->what == PROMPT)
            part[n++] = (struct tok_part){in->prompt, in->n, 0};
        if (x->what == CHOICES || (!p->has_choices && !p->is_none))
            part[n++] = (struct tok_part){p->choices.p, p->choices.n, 0};
    }
    return n;
}

int template_render(struct template *p, const struct template_input *in,
                    struct tok_part part[TEMPLATE_PARTS], struct err *e)
{
    struct tok_part around[CHAT_PARTS(1)];
    struct chat_message user = {"user", "", 0};
    size_t n = 0, at = 0, k;
    int r;

    if (in->n_choices > 26)
        return err_set(e, ERR_DATA, "%zu choices, at most 26 have a letter",
                       in->n_choices);
    render_choices(p, in);
    if (!p->chat)
        return render_inner(p, in, part);
    r = chat_render(p->chat, &user, 1, 1, around, &n, e);
    if (r)
        return r;
    while (around[at].specials) { /* up to the empty user text */
        part[at] = around[at];
        at++;
    }
    k = at + (size_t)render_inner(p, in, part + at);
    for (at++; at < n; at++)
        part[k++] = around[at];
    return (int)k;
}

int template_is_none(const struct template *p)
{
    return p->is_none;
}

int template_is_chat(const struct template *p)
{
    return p->chat != NULL;
}

const char *template_identity(const struct template *p)
{
    return p->identity;
}
