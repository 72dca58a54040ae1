/* dapo - see dapo.h
 *
 * The original works on Python's strings and regular expressions. A character
 * here is one of UTF-8; a byte that is no UTF-8 counts as one character.
 */
#include "dapo.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

enum { SEEN = 300, SEEN_FOR_BOX = 100 };

static const char box[] = "\\boxed{";

/* --- characters --- */

/* The character at s[at], and its bytes in *n. */
static int32_t char_at(struct text t, size_t at, size_t *n)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t k = utf8proc_iterate(
        (const utf8proc_uint8_t *)t.s + at, (utf8proc_ssize_t)(t.n - at), &c);

    *n = k > 0 ? (size_t)k : 1;
    return k > 0 ? c : -1;
}

static size_t next_char(struct text t, size_t at)
{
    size_t n;

    char_at(t, at, &n);
    return at + n;
}

static size_t previous_char(struct text t, size_t at)
{
    size_t from = at > 4 ? at - 4 : 0, next;

    /* the character that ends at `at`; the text begins with a whole one */
    while (from < at && ((unsigned char)t.s[from] & 0xC0) == 0x80)
        from++;
    for (; from < at && (next = next_char(t, from)) < at;)
        from = next;
    return from;
}

static struct text last_chars(struct text t, int n)
{
    size_t at = t.n;

    while (n-- > 0 && at > 0)
        at = previous_char(t, at);
    return text_of(t.s + at, t.n - at);
}

/* What Python takes for white space. */
static int is_space(int32_t c)
{
    return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 ||
           c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

/* Decimal digits, and those that only count: superscripts, circled ones. */
static int is_digit(int32_t c)
{
    static const int32_t others[][2] = {
        { 0xb2, 0xb3 }, { 0xb9, 0xb9 }, { 0x1369, 0x1371 },
        { 0x19da, 0x19da }, { 0x2070, 0x2070 }, { 0x2074, 0x2079 },
        { 0x2080, 0x2089 }, { 0x2460, 0x2468 }, { 0x2474, 0x247c },
        { 0x2488, 0x2490 }, { 0x24ea, 0x24ea }, { 0x24f5, 0x24fd },
        { 0x24ff, 0x24ff }, { 0x2776, 0x277e }, { 0x2780, 0x2788 },
        { 0x278a, 0x2792 }, { 0x10a40, 0x10a43 }, { 0x10e60, 0x10e68 },
        { 0x11052, 0x1105a }, { 0x1f100, 0x1f10a }
    };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (c >= others[i][0] && c <= others[i][1])
            return 1;
    return c >= 0 && utf8proc_category(c) == UTF8PROC_CATEGORY_ND;
}

static size_t skip_space(struct text t, size_t at)
{
    size_t n;

    while (at < t.n && is_space(char_at(t, at, &n)))
        at += n;
    return at;
}

static struct text strip(struct text t)
{
    size_t from = skip_space(t, 0), n, at;

    t = text_of(t.s + from, t.n - from);
    while (t.n && is_space(char_at(t, at = previous_char(t, t.n), &n)))
        t.n = at;
    return t;
}

static size_t line_end(struct text t, size_t at)
{
    const char *nl = memchr(t.s + at, '\n', t.n - at);

    return nl ? (size_t)(nl - t.s) : t.n;
}

/* --- the normal form --- */

struct out {
    struct arena *a;
    char *s;
    size_t n;
};

static struct out out_of(struct arena *a, size_t room)
{
    return (struct out){ a, arena_alloc(a, room + 1), 0 };
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
        size_t end = line_end(t, at);
        const char *l = memchr(t.s + at, '$', end - at);
        const char *r = l ? memchr(l + 1, '$',
                                   (size_t)(t.s + end - l) - 1) : NULL;
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
            end = line_end(t, from);
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
        y = z = next_char(t, x);
        if (n_args == 2 && (y >= t.n || t.s[y] == '\n')) {
            put(&o, t.s + at++, 1);
            continue;
        }
        put(&o, word, n);
        put(&o, "{", 1);
        put(&o, t.s + x, y - x);
        put(&o, "}", 1);
        if (n_args == 2) {
            z = next_char(t, y);
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
        int32_t c = char_at(t, at, &n);
        if (c != ',' && !is_digit(c))
            return 0;
        digits += c != ',';
    }
    return digits > 0;
}

static struct text normal(struct arena *a, struct text t)
{
    static const char *const words[][2] = {
        { "an ", "" }, { "a ", "" }, { ".$", "$" }, { "\\$", "" },
        { "\\ ", "" }, { " ", "" }, { "mbox", "text" },
        { ",\\text{and}", "," }, { "\\text{and}", "," },
        { "\\text{m}", "\\text{}" }
    };
    static const char *const dropped[] = {
        "square", "ways", "integers", "dollars", "mph", "inches", "hours",
        "km", "units", "\\ldots", "sue", "points", "feet", "minutes",
        "digits", "cents", "degrees", "cm", "gm", "pounds", "meters",
        "meals", "edges", "students", "childrentickets", "multiples",
        "\\text{s}", "\\text{.}", "\\text{\ns}", "\\text{}^2",
        "\\text{}^3", "\\text{\n}", "\\text{}", "\\mathrm{th}", "^\\circ",
        "^{\\circ}", "\\;", ",\\!", "{,}", "\"", "\\dots"
    };
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
    t = unwrap(a, t, box, 1);
    t = braced(a, t, "frac", 2);
    t = braced(a, t, "sqrt", 1);
    t = replace(a, t, "$", "");
    if (all_digits(t))
        t = replace(a, t, ",", "");
    return strip(t);
}

/* --- the answer --- */

/* Bytes of "answer" at t.s[at] in any case, or 0. The long s is an s to a
 * regular expression that ignores case. */
static size_t answer_at(struct text t, size_t at)
{
    static const char word[] = "answer";
    size_t from = at;

    for (const char *w = word; *w; w++) {
        if (at < t.n && tolower((unsigned char)t.s[at]) == *w)
            at++;
        else if (*w == 's' && text_starts(t, at, "\xC5\xBF"))
            at += 2;
        else
            return 0;
    }
    return at - from;
}

/* What stands behind the mark at t.s[at]: its begin and end. 0: no mark. */
static int behind_mark(struct text t, size_t at, size_t *begin, size_t *end)
{
    size_t n = answer_at(t, at), colon, b;

    if (!n || (colon = skip_space(t, at + n)) >= t.n || t.s[colon] != ':')
        return 0;
    b = skip_space(t, colon + 1);
    if (b == t.n) {
        /* only blanks to the end of the text: one that is no line's end */
        while (b > colon + 1 && t.s[b - 1] == '\n')
            b--;
        if (b == colon + 1)
            return 0;
        b = previous_char(t, b);
    }
    *begin = b;
    *end = line_end(t, b);
    return 1;
}

static int marked(struct text t, struct text *answer)
{
    size_t begin, end;
    int found = 0;

    for (size_t at = 0; at < t.n;) {
        if (!behind_mark(t, at, &begin, &end)) {
            at++;
            continue;
        }
        *answer = text_of(t.s + begin, end - begin);
        found = 1;
        at = end;
    }
    return found;
}

/* The content of the last box. One that never closes is no answer, and no
 * earlier box stands in for it. */
static int boxed(struct text t, struct text *answer)
{
    size_t at = t.n;
    int open = 0;

    while (at > 0 && !text_starts(t, at - 1, box))
        at--;
    if (!at--)
        return 0;
    size_t from = at + sizeof box - 1;
    for (size_t i = at; i < t.n; i++) {
        open += t.s[i] == '{';
        if (t.s[i] == '}' && --open == 0) {
            *answer = text_of(t.s + from, i - from);
            return 1;
        }
    }
    return 0;
}

static struct text without_end_mark(struct text t)
{
    static const char *const marks[] = { "<|im_end|>", "<|endoftext|>",
                                         "<|eot_id|>" };

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t n = strlen(marks[i]);
        if (t.n >= n && !memcmp(t.s + t.n - n, marks[i], n))
            return text_of(t.s, t.n - n);
    }
    return t;
}

static int same(struct text x, struct text y)
{
    return x.n == y.n && !memcmp(x.s, y.s, x.n);
}

struct dapo dapo_judge(struct arena *a, struct text gold,
                       struct text response)
{
    struct dapo d = { { NULL, 0 }, 0, 0 };
    struct text t = last_chars(without_end_mark(response), SEEN), found;

    if (marked(t, &found)) {
        d.answer = normal(a, found);
        /* verl's word for "none", which a response may hold, too */
        if (!text_is(d.answer, "[INVALID]")) {
            d.correct = same(d.answer, normal(a, gold));
            return d;
        }
        d.answer = text_of(NULL, 0);
    }
    if (boxed(last_chars(t, SEEN_FOR_BOX), &found)) {
        d.answer = found;
        d.boxed = 1;
        d.correct = same(found, gold);
    }
    return d;
}
