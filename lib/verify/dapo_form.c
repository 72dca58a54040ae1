/* dapo_form - the normal form in which verl's rule compares a line (dapo.h) */
#include <string.h>
#include "dapo.h"
#include "pychar.h"

struct out {
    struct arena *a;
    char *s;
    size_t n;
};

static struct out out_of(struct arena *a, size_t room)
{
    return (struct out){a, arena_alloc(a, room + 1), 0};
}

static void put(struct out *o, const char *s, size_t n)
{
    memcpy(o->s + o->n, s, n);
    o->n += n;
}

static struct text done(const struct out *o)
{
    return text_of(o->s, o->n);
}

/* Every occurrence of old, from left to right; never grows the text. */
static struct text replace(struct arena *a, struct text t, const char *old,
                           const char *new)
{
    size_t n_old = strlen(old), at = 0;
    const char *p = memmem(t.s, t.n, old, n_old);

    if (!p)
        return t;
    struct out o = out_of(a, t.n);
    for (; p; p = memmem(t.s + at, t.n - at, old, n_old)) {
        put(&o, t.s + at, (size_t)(p - t.s) - at);
        put(&o, new, strlen(new));
        at = (size_t)(p - t.s) + n_old;
    }
    put(&o, t.s + at, t.n - at);
    return done(&o);
}

/* A line with two dollars becomes what stands between its first two. */
static struct text between_dollars(struct arena *a, struct text t)
{
    struct out o = out_of(a, t.n);

    for (size_t at = 0; at < t.n; at++) {
        size_t end = pychar_line_end(t, at);
        const char *l = memchr(t.s + at, '$', end - at);
        const char *r = l ? memchr(l + 1, '$', (size_t)(t.s + end - l) - 1)
                          : NULL;
        if (r)
            put(&o, l, (size_t)(r - l) + 1);
        else
            put(&o, t.s + at, end - at);
        if (end < t.n)
            put(&o, "\n", 1);
        at = end;
    }
    return done(&o);
}

/* The content of each \command{...} that closes on its line: with its first
 * brace, or, where greedy, with its line's last one. */
static struct text unwrap(struct arena *a, struct text t, const char *command,
                          int greedy)
{
    struct out o = out_of(a, t.n);
    size_t open_until = 0; /* no brace closes before it */

    for (size_t at = 0; at < t.n;) {
        size_t from = at + strlen(command), end;
        const char *close = NULL;

        if (at >= open_until && text_starts(t, at, command)) {
            end = pychar_line_end(t, from);
            close = greedy ? memrchr(t.s + from, '}', end - from)
                           : memchr(t.s + from, '}', end - from);
            open_until = close ? 0 : end;
        }
        if (close) {
            put(&o, t.s + from, (size_t)(close - t.s) - from);
            at = (size_t)(close - t.s) + 1;
        } else {
            put(&o, t.s + at++, 1);
        }
    }
    return done(&o);
}

/* The n_args characters behind each `word` get braces, unless one is there. */
static struct text braced(struct arena *a, struct text t, const char *word,
                          int n_args)
{
    /* at most two braces an argument, and a word takes four bytes */
    struct out o = out_of(a, 2 * t.n + 4);
    size_t n = strlen(word);

    for (size_t at = 0; at < t.n;) {
        size_t x = at + n, y, z;

        if (!text_starts(t, at, word) || x >= t.n || t.s[x] == '{') {
            put(&o, t.s + at++, 1);
            continue;
        }
        y = z = pychar_next(t, x);
        if (n_args == 2 && (y >= t.n || t.s[y] == '\n')) {
            put(&o, t.s + at++, 1);
            continue;
        }
        put(&o, word, n);
        put(&o, "{", 1);
        put(&o, t.s + x, y - x);
        put(&o, "}", 1);
        if (n_args == 2) {
            z = pychar_next(t, y);
            put(&o, "{", 1);
            put(&o, t.s + y, z - y);
            put(&o, "}", 1);
        }
        at = z;
    }
    return done(&o);
}

static int all_digits(struct text t)
{
    size_t digits = 0, n;

    for (size_t at = 0; at < t.n; at += n) {
        int32_t c = pychar_at(t, at, &n);
        if (c != ',' && !pychar_is_digit(c))
            return 0;
        digits += c != ',';
    }
    return digits > 0;
}

struct text dapo_form(struct arena *a, struct text t)
{
    static const char *const words[][2] = {
        {"an ", ""},          {"a ", ""},
        {".$", "$"},          {"\\$", ""},
        {"\\ ", ""},          {" ", ""},
        {"mbox", "text"},     {",\\text{and}", ","},
        {"\\text{and}", ","}, {"\\text{m}", "\\text{}"}};
    static const char *const dropped[] = {"square",
                                          "ways",
                                          "integers",
                                          "dollars",
                                          "mph",
                                          "inches",
                                          "hours",
                                          "km",
                                          "units",
                                          "\\ldots",
                                          "sue",
                                          "points",
                                          "feet",
                                          "minutes",
                                          "digits",
                                          "cents",
                                          "degrees",
                                          "cm",
                                          "gm",
                                          "pounds",
                                          "meters",
                                          "meals",
                                          "edges",
                                          "students",
                                          "childrentickets",
                                          "multiples",
                                          "\\text{s}",
                                          "\\text{.}",
                                          "\\text{\ns}",
                                          "\\text{}^2",
                                          "\\text{}^3",
                                          "\\text{\n}",
                                          "\\text{}",
                                          "\\mathrm{th}",
                                          "^\\circ",
                                          "^{\\circ}",
                                          "\\;",
                                          ",\\!",
                                          "{,}",
                                          "\"",
                                          "\\dots"};
    const char *equals = memrchr(t.s, '=', t.n);

    if (equals)
        t = text_of(equals + 1, t.n - (size_t)(equals + 1 - t.s));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        t = replace(a, t, words[i][0], words[i][1]);
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
        t = replace(a, t, dropped[i], "");
    t = between_dollars(a, t);
    t = unwrap(a, t, "\\text{", 0);
    t = unwrap(a, t, "\\textbf{", 0);
    t = unwrap(a, t, "\\overline{", 0);
    t = unwrap(a, t, "\\boxed{", 1);
    t = braced(a, t, "frac", 2);
    t = braced(a, t, "sqrt", 1);
    t = replace(a, t, "$", "");
    if (all_digits(t))
        t = replace(a, t, ",", "");
    return pychar_strip(t);
}
