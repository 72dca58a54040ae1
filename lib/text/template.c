/* template - the form in which a prompt is put before a model */
#include "template.h"
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

struct template
{
    char *text;
    struct piece piece[MAX_PIECES];
    int n_pieces;
    int has_choices, is_none;
    struct chat *chat; /* around it, or NULL */
    struct buf identity;
    struct buf choices;
    struct tok_part part[3 * MAX_PIECES]; /* what is inside of the chat */
    struct chat_message *message;
    size_t n_message; /* room for */
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
            return err_set(e, ERR_DATA,
                           "%s: a template with more than %d "
                           "pieces",
                           name, MAX_PIECES);
        if (next != s) {
            *x = (struct piece){TEXT, at, next ? (size_t)(next - s) : n - at};
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
    int r;

    if (!file_exists(path))
        return err_set(e, ERR_USAGE,
                       "template '%s': neither none, chat, "
                       "dapo, qwen-boxed nor a file",
                       path);
    r = file_map(&m, path, e);
    if (r)
        return r;
    if (m.size > 1 << 20 || (m.size && memchr(m.data, 0, m.size)) ||
        !utf8_whole((const char *)m.data, m.size)) {
        file_unmap(&m);
        return err_set(e, ERR_DATA,
                       "%s: a template is UTF-8 text of up to "
                       "1 MiB",
                       path);
    }
    p->text = xmalloc(m.size + 1);
    if (m.size)
        memcpy(p->text, m.data, m.size);
    p->text[m.size] = '\0';
    hash_hex128(p->text, m.size, hex);
    buf_printf(&p->identity, "file:%s", hex);
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
            buf_puts(&p->identity, name);
            return 0;
        }
    return read_file(p, name, e);
}

/* "chat", "chat:TEMPLATE", "chat+INNER", "chat:TEMPLATE+INNER" */
static int open_chat(struct template *p, const char *name,
                     const char *const *args, int n_args, const struct tok *t,
                     struct err *e)
{
    const char *plus = strchr(name, '+');
    struct chat_opts o = {
        .tok = t, .args = args, .n_args = n_args, .where = "template chat"};
    char *which = NULL;
    int r;

    if (name[4] == ':') {
        which = xstrdup(name + 5);
        which[strcspn(which, "+")] = '\0';
    }
    o.jinja = tok_chat_template(t, which);
    r = which && !o.jinja ? err_set(e, ERR_DATA,
                                    "template chat: no chat_template of the "
                                    "name '%.100s'",
                                    which)
                          : chat_open(&p->chat, &o, e);
    if (!r) {
        buf_printf(&p->identity, "chat%s%s", which ? ":" : "",
                   which ? which : "");
        if (*chat_identity(p->chat))
            buf_printf(&p->identity, " jinja:%s", chat_identity(p->chat));
    }
    free(which);
    if (r)
        return r;
    if (!plus) {
        p->text = xstrdup("{prompt}");
        return 0;
    }
    buf_puts(&p->identity, "+");
    return inner(p, plus + 1, e);
}

int template_open(struct template **out, const char *name,
                  const char *const *args, int n_args, const struct tok *t,
                  struct err *e)
{
    struct template *p = xcalloc(1, sizeof *p);
    int r = 0;

    *out = p;
    p->is_none = !strcmp(name, "none");
    if (!strncmp(name, "chat", 4) && strchr("+:", name[4]))
        r = open_chat(p, name, args, n_args, t, e);
    else if (n_args)
        r = err_set(e, ERR_USAGE,
                    "template '%s' takes no arguments: they are "
                    "variables of a chat template",
                    name);
    else
        r = inner(p, name, e);
    if (!r)
        r = cut(p, name, e);
    buf_str(&p->identity);
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
    buf_free(&(*p)->identity);
    free((*p)->message);
    free((*p)->text);
    free(*p);
    *p = NULL;
}

static void render_choices(struct template *p, const struct template_input *in)
{
    p->choices.n = 0;
    if (!p->has_choices && in->n_choices)
        buf_puts(&p->choices, "\n");
    for (size_t i = 0; i < in->n_choices; i++) {
        buf_printf(&p->choices, "%s%c. ", i ? "\n" : "", 'A' + (int)i);
        buf_put(&p->choices, in->choices[i].s, in->choices[i].n);
    }
}

/* The parts of everything inside of the chat format; gives their number. */
static size_t render_inner(struct template *p, const struct template_input *in)
{
    struct tok_part *part = p->part;
    size_t n = 0;

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

/* The turns before the prompt as messages, each of one part. */
static struct tok_part *turns(struct template *p,
                              const struct template_input *in)
{
    struct tok_part *text = xmalloc((in->n_turns + 1) * sizeof *text);

    if (in->n_turns + 1 > p->n_message) {
        p->n_message = 2 * in->n_turns + 1;
        p->message = xrealloc(p->message, p->n_message, sizeof *p->message);
    }
    for (size_t i = 0; i < in->n_turns; i++) {
        text[i] = in->turns[i].text;
        text[i].specials = 0;
        p->message[i] = (struct chat_message){in->turns[i].role, &text[i], 1};
    }
    return text;
}

int template_render(struct template *p, const struct template_input *in,
                    const struct tok_part **part, size_t *n, struct err *e)
{
    struct tok_part *text;
    int r;

    if (in->n_choices > 26)
        return err_set(e, ERR_DATA, "%zu choices, at most 26 have a letter",
                       in->n_choices);
    render_choices(p, in);
    *n = render_inner(p, in);
    *part = p->part;
    if (!p->chat)
        return 0;
    text = turns(p, in);
    p->message[in->n_turns] = (struct chat_message){"user", p->part, *n};
    r = chat_render(p->chat, p->message, in->n_turns + 1, 1, part, n, e);
    free(text);
    return r;
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
    return p->identity.p; /* its NUL: template_open */
}
