/* code_extract - the program in a model's response
 *
 * After the last </think>, where that mark is present, and up to an end mark
 * of a chat template, the first rule that applies decides:
 *
 *   fenced      a fenced block (code_fence.h; any or no language word) that
 *               defines the function: the last such block. One that is cut off
 *               by the end of the response counts. The other blocks may supply
 *               what it needs.
 *   function    a line at the margin defines the function, or one at the margin
 *               of an indented or quoted text: the program is that text.
 *   completion  the first line that is not blank is indented: the response
 *               continues the prompt. Program: prompt + response, as is.
 *   completion  a fenced block: prompt + the first block.
 *   completion  anything else that is not blank: prompt + response.
 *
 * The prompt's own text before its `def NAME(` line (imports and helpers) is
 * the prelude: it is run before a program that does not continue the prompt.
 *
 * Where the program is no closed block, prose may stand in it: a fence behind
 * the function ends the text, and what is no Python is left out where it is
 * run (code_program.py). A closed block must be Python as a whole, and so must
 * the last rule's text: the prompt's stub alone is nobody's answer.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "code.h"
#include "code_fence.h"
#include "extract.h"

static int blank(struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!isspace((unsigned char)t.s[i]))
            return 0;
    return 1;
}

static size_t indent(struct text t, size_t at)
{
    size_t from = at;

    while (at < t.n && (t.s[at] == ' ' || t.s[at] == '\t'))
        at++;
    return at - from;
}

/* Is there "def NAME" or "async def NAME", then "(" or a space, or "NAME =",
 * at `at`? */
static int defines_at(struct text t, size_t at, const char *name)
{
    size_t n = strlen(name);
    int is_def;

    if (text_starts(t, at, "async "))
        at += 6;
    is_def = text_starts(t, at, "def ");
    if (is_def)
        at += 4 + indent(t, at + 4);
    if (!text_starts(t, at, name) || at + n >= t.n)
        return 0;
    at += n;
    if (is_def)
        return strchr("( \t[", t.s[at]) != NULL;
    at += indent(t, at);
    return text_starts(t, at, "=") && !text_starts(t, at, "==");
}

/* Where a line at the margin defines the function, or t.n. */
static size_t find_def(struct text t, const char *name)
{
    for (size_t at = 0; at < t.n; at = code_next_line(t, at))
        if (defines_at(t, at, name))
            return at;
    return t.n;
}

static size_t find_indented_def(struct text t, const char *name)
{
    for (size_t at = 0; at < t.n; at = code_next_line(t, at))
        if (indent(t, at) && defines_at(t, at + indent(t, at), name))
            return at;
    return t.n;
}

/* --- the dress of a whole text --- */

static struct text without_bom(struct text t)
{
    while (text_starts(t, 0, "\xEF\xBB\xBF"))
        t = text_of(t.s + 3, t.n - 3);
    return t;
}

/* A mark that ends the text stands at an end of its line: within one it may be
 * a part of the program. */
static struct text up_to_end_mark(struct text t)
{
    static const char *const marks[] = {
        "<|im_end|>",
        "<|im_start|>",
        "<|endoftext|>",
        "<|eot_id|>",
        "<|end|>",
        "<|EOT|>",
        "<|end_of_text|>",
        "<end_of_turn>",
        ("<\xEF\xBD\x9C"
         "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>")};

    for (size_t at = 0; at < t.n; at++)
        for (size_t k = 0; t.s[at] == '<' && k < sizeof marks / sizeof marks[0];
             k++) {
            size_t end = at + strlen(marks[k]);

            if (text_starts(t, at, marks[k]) &&
                (!at || t.s[at - 1] == '\n' || end == t.n || t.s[end] == '\n' ||
                 t.s[end] == '<'))
                return text_of(t.s, at);
        }
    for (size_t at = t.n; at-- > 0;)
        if (!isspace((unsigned char)t.s[at]))
            return at >= 3 && text_starts(t, at - 3, "</s>")
                       ? text_of(t.s, at - 3)
                       : t;
    return t;
}

static struct text with_unix_lines(struct arena *a, struct text t)
{
    char *s = arena_alloc(a, t.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < t.n; i++)
        if (t.s[i] != '\r' || i + 1 >= t.n || t.s[i + 1] != '\n')
            s[n++] = t.s[i];
    return text_of(s, n);
}

/* Without "> " before every line that is not blank, or as it is. */
static struct text without_quotes(struct arena *a, struct text t)
{
    char *s = arena_alloc(a, t.n + 1);
    size_t n = 0, end;

    for (size_t at = 0; at < t.n; at = end) {
        size_t from = at;

        end = code_next_line(t, at);
        if (t.s[at] == '>')
            from += at + 1 < t.n && t.s[at + 1] == ' ' ? 2 : 1;
        else if (!blank(text_of(t.s + at, end - at)))
            return t;
        if (from > end)
            from = end;
        memcpy(s + n, t.s + from, end - from);
        n += end - from;
    }
    return text_of(s, n);
}

/* A program that is indented as a whole, at the margin. */
static struct text outdented(struct arena *a, struct text t, size_t margin)
{
    char *s = arena_alloc(a, t.n + 1);
    size_t n = 0, end;

    for (size_t at = 0; at < t.n; at = end) {
        size_t own = indent(t, at);

        end = code_next_line(t, at);
        at += own < margin ? own : margin;
        memcpy(s + n, t.s + at, end - at);
        n += end - at;
    }
    return text_of(s, n);
}

/* --- the program --- */

static struct code_block own(struct text t)
{
    struct code_block b = {xmalloc(t.n + 1), t.n};

    memcpy(b.s, t.s, t.n);
    b.s[t.n] = 0;
    return b;
}

static struct code_block join(struct text x, struct text y)
{
    struct code_block b = {xmalloc(x.n + y.n + 1), x.n + y.n};

    memcpy(b.s, x.s, x.n);
    memcpy(b.s + x.n, y.s, y.n);
    b.s[b.n] = 0;
    return b;
}

/* What the prompt has before the function; "" when it has no such line. */
static struct text prelude_of(struct text prompt, const char *name)
{
    size_t def = find_def(prompt, name);

    return text_of(prompt.s, def < prompt.n ? def : 0);
}

static int as_function(struct code_program *p, const struct code_item *item,
                       struct text body, const char *rule, int loose)
{
    struct text prompt = {item->prompt, item->n_prompt};

    p->prelude = own(prelude_of(prompt, item->entry_point));
    p->program = own(body);
    p->rule = rule;
    p->loose = loose;
    return 1;
}

static int as_completion(struct code_program *p, const struct code_item *item,
                         struct text body, int loose)
{
    struct text prompt = {item->prompt, item->n_prompt};

    p->prelude = own(prelude_of(prompt, item->entry_point));
    p->program = join(prompt, body);
    p->rule = "completion";
    p->continues = 1;
    p->loose = loose;
    return 1;
}

/* The other blocks: before the program, from the nearest on, then behind. */
static void take_others(struct code_program *p, const struct fenced *head,
                        const struct fenced *chosen)
{
    int n = 0, before = 0, i = 0;

    for (const struct fenced *b = head; b; b = b->next) {
        before = b == chosen ? n : before;
        n++;
    }
    p->others = xcalloc((size_t)n, sizeof *p->others);
    p->n_others = n - 1;
    for (const struct fenced *b = head; b; b = b->next, i++)
        if (b != chosen)
            p->others[i < before ? before - 1 - i : i - 1] = own(b->code);
}

/* A text without fences, or with none that defines the function. */
static int unfenced(struct arena *a, struct code_program *p,
                    const struct code_item *item, struct text t,
                    const struct fenced *head, size_t first_fence)
{
    const char *name = item->entry_point;
    size_t def = find_def(t, name), line = 0, first;

    while (line < t.n &&
           blank(text_of(t.s + line, code_next_line(t, line) - line)))
        line = code_next_line(t, line);
    first = indent(t, line);
    if (def < t.n) {
        /* the fence that the prompt opened */
        if (first_fence > def)
            t.n = first_fence;
        return as_function(p, item, t, "function", 1);
    }
    def = find_indented_def(t, name);
    if (def < first_fence && (!first || def == line))
        return as_function(
            p, item, outdented(a, text_of(t.s, first_fence), indent(t, def)),
            "function", 1);
    if (first)
        return as_completion(p, item, text_of(t.s, first_fence), 1);
    for (; head; head = head->next)
        if (!blank(head->code))
            return as_completion(p, item, head->code, !head->closed);
    t = text_of(t.s, first_fence);
    return blank(t) ? 0 : as_completion(p, item, t, 0);
}

static int extract(struct arena *a, const struct code_item *item,
                   struct code_program *p)
{
    struct text t = extract_after_think(
        text_of(item->response, item->n_response));
    const struct fenced *head, *chosen = NULL;
    size_t first_fence;

    t = up_to_end_mark(without_bom(with_unix_lines(a, t)));
    if (blank(t))
        return 0;
    head = code_fences(a, t, &first_fence);
    for (const struct fenced *b = head; b; b = b->next)
        if (find_def(b->code, item->entry_point) < b->code.n)
            chosen = b;
    if (chosen) {
        take_others(p, head, chosen);
        return as_function(p, item, chosen->code, "fenced", !chosen->closed);
    }
    if (!head) {
        t = without_quotes(a, t);
        first_fence = t.n;
    }
    return unfenced(a, p, item, t, head, first_fence);
}

int code_extract(const struct code_item *item, struct code_program *p)
{
    struct arena *a = arena_open();
    int found;

    *p = (struct code_program){0};
    found = extract(a, item, p);
    arena_close(&a);
    return found;
}

void code_program_free(struct code_program *p)
{
    for (int i = 0; i < p->n_others; i++)
        free(p->others[i].s);
    free(p->others);
    free(p->prelude.s);
    free(p->program.s);
    *p = (struct code_program){0};
}
