/* code_extract - the program in a model's response
 *
 * After the last </think>, where that mark is present, the first rule that
 * applies decides:
 *
 *   fenced      a ``` block (any or no language word) that defines the
 *               function: the last such block. One that is cut off by the end
 *               of the response counts.
 *   completion  the first line that is not blank is indented: the response
 *               continues the prompt. Program: prompt + response, as is.
 *   function    a line at the margin defines the function: the program is the
 *               response from its first line at the margin that starts with
 *               import, from, def, class, async or @.
 *   completion  a ``` block: prompt + the first block.
 *   completion  anything else that is not blank: prompt + response.
 *
 * The prompt's own text before its `def NAME(` line (imports and helpers) is
 * the prelude: it is run before a program that does not continue the prompt.
 *
 * The response is then cut where the text after the function begins, as the
 * field's harnesses do: a completion at the first of "\ndef ", "\nclass ",
 * "\nasync def ", "\n@", "\nif ", "\nprint(", "\nassert ", "\n```"; the other
 * forms after their `def NAME(` line at "\nif __name__", "\nprint(",
 * "\nassert ", and, where the text is not fenced, "\n```". (Helpers that follow
 * the function stay.)
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "code.h"

struct text {
    const char *s;
    size_t n;
};

static int starts(struct text t, size_t at, const char *word)
{
    size_t n = strlen(word);

    return t.n - at >= n && !memcmp(t.s + at, word, n);
}

/* The next line's start after `at`, or t.n. */
static size_t next_line(struct text t, size_t at)
{
    const char *nl = memchr(t.s + at, '\n', t.n - at);

    return nl ? (size_t)(nl - t.s) + 1 : t.n;
}

static int blank(struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!isspace((unsigned char)t.s[i]))
            return 0;
    return 1;
}

/* Is there "def NAME" or "async def NAME", then "(" or a space, at `at`? */
static int defines_at(struct text t, size_t at, const char *name)
{
    size_t n = strlen(name);

    if (starts(t, at, "async "))
        at += 6;
    if (!starts(t, at, "def "))
        return 0;
    at += 4;
    while (at < t.n && t.s[at] == ' ')
        at++;
    if (!starts(t, at, name) || at + n >= t.n)
        return 0;
    return strchr("( \t[", t.s[at + n]) != NULL;
}

/* Where a line at the margin defines the function, or t.n. */
static size_t find_def(struct text t, const char *name)
{
    for (size_t at = 0; at < t.n; at = next_line(t, at))
        if (defines_at(t, at, name))
            return at;
    return t.n;
}

static struct text after_thinking(struct text t)
{
    static const char mark[] = "</think>";

    for (size_t i = t.n; i-- > 0;)
        if (starts(t, i, mark)) {
            size_t skip = i + sizeof mark - 1;

            return (struct text){t.s + skip, t.n - skip};
        }
    return t;
}

/* The next fenced block at or after *at; 0 when there is none. */
static int next_fence(struct text t, size_t *at, struct text *block)
{
    size_t i = *at;

    while (i < t.n && !starts(t, i, "```"))
        i = next_line(t, i);
    if (i >= t.n)
        return 0;
    i = next_line(t, i);
    block->s = t.s + i;
    while (i < t.n && !starts(t, i, "```"))
        i = next_line(t, i);
    block->n = (size_t)(t.s + i - block->s);
    *at = i < t.n ? next_line(t, i) : t.n;
    return 1;
}

static void cut(struct text *t, size_t from, const char *const *stops)
{
    for (size_t i = from; i < t->n; i++)
        for (int k = 0; t->s[i] == '\n' && stops[k]; k++)
            if (starts(*t, i + 1, stops[k])) {
                t->n = i + 1;
                return;
            }
}

static struct text margin_start(struct text t)
{
    static const char *const words[] = {"import ", "from ", "def ", "class ",
                                        "async ", "@"};

    for (size_t at = 0; at < t.n; at = next_line(t, at))
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (starts(t, at, words[k]))
                return (struct text){t.s + at, t.n - at};
    return t;
}

static char *join(struct text a, struct text b, size_t *n)
{
    char *s = xmalloc(a.n + b.n + 1);

    memcpy(s, a.s, a.n);
    memcpy(s + a.n, b.s, b.n);
    s[a.n + b.n] = 0;
    *n = a.n + b.n;
    return s;
}

/* What the prompt has before the function; "" when it has no such line. */
static void take_prelude(struct code_program *p, struct text prompt,
                         const char *name)
{
    size_t def = find_def(prompt, name);
    struct text none = {"", 0}, before = {prompt.s, def};

    p->prelude = join(def < prompt.n ? before : none, none, &p->n_prelude);
}

static int as_function(struct code_program *p, struct text prompt,
                       struct text body, const char *name, const char *rule)
{
    static const char *const fenced[] = {"if __name__", "print(", "assert ",
                                         NULL};
    static const char *const loose[] = {"if __name__", "print(", "assert ",
                                        "```", NULL};
    struct text none = {"", 0};

    cut(&body, find_def(body, name), *rule == 'f' && rule[1] == 'e' ? fenced
                                                                   : loose);
    take_prelude(p, prompt, name);
    p->program = join(body, none, &p->n_program);
    p->rule = rule;
    return 1;
}

static int as_completion(struct code_program *p, struct text prompt,
                         struct text body, const char *name)
{
    static const char *const stops[] = {"def ", "class ", "async def ", "@",
                                        "if ", "print(", "assert ", "```",
                                        NULL};

    cut(&body, 0, stops);
    take_prelude(p, prompt, name);
    p->program = join(prompt, body, &p->n_program);
    p->rule = "completion";
    p->continues = 1;
    return 1;
}

int code_extract(const struct code_item *item, struct code_program *p)
{
    struct text prompt = {item->prompt, item->n_prompt};
    struct text t = after_thinking(
        (struct text){item->response, item->n_response});
    struct text block, first = {NULL, 0}, last = {NULL, 0};
    size_t at = 0, line = 0;

    *p = (struct code_program){0};
    if (blank(t))
        return 0;
    while (next_fence(t, &at, &block)) {
        if (!first.s)
            first = block;
        if (find_def(block, item->entry_point) < block.n)
            last = block;
    }
    if (last.s)
        return as_function(p, prompt, last, item->entry_point, "fenced");
    while (blank((struct text){t.s + line, next_line(t, line) - line}))
        line = next_line(t, line);
    if (t.s[line] == ' ' || t.s[line] == '\t')
        return as_completion(p, prompt, t, item->entry_point);
    if (find_def(t, item->entry_point) < t.n)
        return as_function(p, prompt, margin_start(t), item->entry_point,
                           "function");
    return as_completion(p, prompt, first.s && !blank(first) ? first : t,
                         item->entry_point);
}

void code_program_free(struct code_program *p)
{
    free(p->prelude);
    free(p->program);
    *p = (struct code_program){0};
}
