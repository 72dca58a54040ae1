/* extract - see extract.h */
#include "extract.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>

struct text extract_after_think(struct text t)
{
    static const char mark[] = "</think>";

    for (size_t i = t.n; i-- > 0;)
        if (t.s[i] == '<' && text_starts(t, i, mark))
            return text_of(t.s + i + sizeof mark - 1,
                           t.n - i - (sizeof mark - 1));
    return t;
}

/* What a chat template would put after the response is not part of it. */
static struct text cut_template(struct arena *a, struct text t)
{
    static const char *const marks[] = { "<|im_end|>", "<|im_start|>",
                                         "<|endoftext|>", "<|eot_id|>" };
    size_t end = t.n;

    for (size_t k = 0; k < sizeof marks / sizeof marks[0]; k++) {
        const char *p = strstr(t.s, marks[k]);
        if (p && p > t.s && (size_t)(p - t.s) < end)
            end = (size_t)(p - t.s);
    }
    return end == t.n ? t : text_of(arena_strndup(a, t.s, end), end);
}

/* Words that may stand in a formula outside dollars. */
static int math_word(struct text w)
{
    static const char *const words[] = {
        "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp",
        "sqrt", "pi", "infinity", "inf", "arcsin", "arccos", "arctan",
        "and", "or", "mod", "max", "min", "gcd", "lcm", "abs", "infty",
        "theta", "alpha", "beta", "percent", "pct", "percentage", NULL
    };

    for (int i = 0; words[i]; i++)
        if (text_is(w, words[i]))
            return 1;
    return 0;
}

static size_t delimited(struct text t, size_t i, size_t *inner)
{
    static const char *const pairs[][2] = {
        { "$$", "$$" }, { "\\[", "\\]" }, { "\\(", "\\)" }, { "$", "$" }
    };

    for (size_t k = 0; k < 4; k++) {
        if (!text_starts(t, i, pairs[k][0]))
            continue;
        *inner = i + strlen(pairs[k][0]);
        size_t far = *inner + 2000 < t.n ? *inner + 2000 : t.n;
        for (size_t j = *inner; j < far; j++) {
            if (k == 3 && t.s[j] == '\n')
                break;
            if (text_starts(t, j, pairs[k][1]) && j > *inner &&
                t.s[j - 1] != '\\')
                return j + strlen(pairs[k][1]);
        }
    }
    return 0;
}

static size_t group_end(struct text t, size_t i)
{
    int depth = 0;

    for (size_t j = i; j < t.n; j++) {
        depth += t.s[j] == '{';
        depth -= t.s[j] == '}';
        if (!depth)
            return j + 1;
    }
    return t.n;
}

/* The end of the formula that begins at i; *solid is set when it has a digit
 * or is a delimited formula. Prose ends it. */
static size_t formula_end(struct text t, size_t i, int *solid)
{
    size_t end = i;
    int braces = 0;

    *solid = 0;
    while (i < t.n) {
        unsigned char c = (unsigned char)t.s[i];
        size_t inner, to;
        if ((c == '$' || c == '\\') && (to = delimited(t, i, &inner))) {
            /* "$n$" is a name, not an answer */
            for (size_t k = inner; k < to; k++)
                *solid |= isdigit((unsigned char)t.s[k]) ||
                          t.s[k] == '=' || t.s[k] == '+' ||
                          (t.s[k] == '\\' && k + 2 < to);
            end = i = to;
            continue;
        }
        if (c == '\\' && isalpha((unsigned char)t.s[i + 1])) {
            size_t k = i + 1;
            while (isalpha((unsigned char)t.s[k]))
                k++;
            struct text w = text_of(t.s + i + 1, k - i - 1);
            if (text_starts(w, 0, "text") || text_starts(w, 0, "math") ||
                text_is(w, "mbox") || text_is(w, "operatorname") ||
                text_is(w, "begin") || text_is(w, "end"))
                k = k < t.n && t.s[k] == '{' ? group_end(t, k) : k;
            end = i = k;
            continue;
        }
        if (isalpha(c)) {
            size_t k = i;
            while (isalpha((unsigned char)t.s[k]))
                k++;
            struct text w = text_of(t.s + i, k - i);
            int alone = k - i == 1 && i && strchr("aAI", c) && t.s[i - 1] == ' ' &&
                        (t.s[k] == ' ' || t.s[k] == '.') &&
                        !strchr("+-*/=^<>(", i > 1 ? t.s[i - 2] : ' ');
            if (!(k - i == 1 && !alone) && !math_word(w) && !braces &&
                !(k - i == 2 && i && isdigit((unsigned char)t.s[i - 1])))
                break;
            int link = text_is(w, "and") || text_is(w, "or");
            i = k;
            if (!link)
                end = i;
            continue;
        }
        if (c >= 0x80 || c == '"' || c == '?' || c == '@' || c == '`')
            break;
        if (c == '\n' && i + 1 < t.n && t.s[i + 1] == '\n')
            break;
        if (text_starts(t, i, "...")) {
            i += 3;
            continue;
        }
        if (c == '.' && !isdigit((unsigned char)t.s[i + 1]))
            break;
        if (c == '*' && t.s[i + 1] == '*' && !isdigit((unsigned char)t.s[i + 2])
            && t.s[i + 2] != '(')
            break;
        if (isdigit(c))
            *solid = 1;
        braces += c == '{';
        braces -= c == '}';
        i++;
        if (isdigit(c) || strchr(")]}%!'|", c))
            end = i;
    }
    return end;
}

static int may_begin(struct text t, size_t i)
{
    unsigned char c = (unsigned char)t.s[i], p = i ? (unsigned char)t.s[i - 1]
                                                   : ' ';

    if (isdigit(c))
        return !isalpha(p) && p != '_';
    if (c == '.')
        return isdigit((unsigned char)t.s[i + 1]) && !isalnum(p);
    if (c == '-' || c == '+')
        return !isalnum(p) && p != ')';
    if (c == '(' || c == '[' || c == '{' || c == '$')
        return 1;
    if (c == '\\')
        return 1;
    return isalpha(c) && !isalpha(p) && !isalpha((unsigned char)t.s[i + 1]) &&
           !(c == 'a' || c == 'A' || c == 'I');
}

struct text extract_formula(struct text t, int last)
{
    struct text best = { NULL, 0 };

    for (size_t i = 0; i < t.n;) {
        int solid;
        if (!may_begin(t, i)) {
            i++;
            continue;
        }
        size_t end = formula_end(t, i, &solid);
        if (end <= i) {
            i++;
            continue;
        }
        if (solid) {
            best = text_of(t.s + i, end - i);
            if (!last)
                return best;
        }
        i = end;
    }
    return best;
}

/* ---- marks ------------------------------------------------------------ */

/* Words for "answer", each to be followed by a colon or "is". */
static const char *const nouns[] = {
    "answer", "correct option", "correct choice", "\xE7\xAD\x94\xE6\xA1\x88", "r\xC3\xA9ponse", "respuesta",
    "antwort", "resposta", "risposta",
    "\xD0\xBE\xD1\x82\xD0\xB2\xD0\xB5\xD1\x82",
    "\xD0\x9E\xD1\x82\xD0\xB2\xD0\xB5\xD1\x82", "R\xC3\xA9ponse",
    "\xD8\xA7\xD9\x84\xD8\xAC\xD9\x88\xD8\xA7\xD8\xA8", NULL
};
static const char *const verbs[] = {
    "is", "should be", "must be", "would be", "will be", "est", "es", "ist",
    "\xE6\x98\xAF", "\xE4\xB8\xBA", "\xE4\xB8\xBA:", "\xE6\x98\xAF:", NULL
};

static size_t skip_dress(struct text t, size_t i)
{
    while (i < t.n && (isspace((unsigned char)t.s[i]) || t.s[i] == '*' ||
                       t.s[i] == '_' || t.s[i] == '#' || t.s[i] == '`'))
        i++;
    return i;
}

/* After a noun at i: 1 with a colon, 2 with a verb, 3 with a formula right
 * behind it, 0 otherwise; *at is where the answer begins. */
static int mark_at(struct text t, size_t i, size_t *at)
{
    size_t k = 0, j;

    for (int m = 0; nouns[m] && !k; m++)
        if (text_starts_nocase(t, i, nouns[m]))
            k = strlen(nouns[m]);
    if (!k || (i && isalpha((unsigned char)t.s[i - 1])))
        return 0;
    j = skip_dress(t, i + k);
    if (j < t.n && t.s[j] == ':') {
        *at = skip_dress(t, j + 1);
        return 1;
    }
    for (int m = 0; verbs[m]; m++) {
        size_t w = strlen(verbs[m]);
        if (text_starts_nocase(t, j, verbs[m]) &&
            ((unsigned char)verbs[m][0] >= 0x80 ||
             !isalpha((unsigned char)t.s[j + w]))) {
            *at = skip_dress(t, j + w);
            if (*at < t.n && t.s[*at] == ':')
                *at = skip_dress(t, *at + 1);
            return 2;
        }
    }
    if (j < t.n && (t.s[j] == '$' || text_starts(t, j, "\\(") ||
                    text_starts(t, j, "\\["))) {
        *at = j;
        return 3;
    }
    return 0;
}

/* The line (or the delimited formula, which may span lines) from at. */
static struct text line_from(struct text t, size_t at)
{
    size_t inner, end = at;
    size_t to = at < t.n && (t.s[at] == '$' || t.s[at] == '\\')
                    ? delimited(t, at, &inner) : 0;

    if (to)
        end = to;
    while (end < t.n && t.s[end] != '\n')
        end++;
    return text_trim(text_of(t.s + at, end - at));
}

/* Cut at the end of the sentence. */
static struct text sentence(struct text t)
{
    int dollars = 0, depth = 0;

    for (size_t i = 0; i < t.n; i++) {
        char c = t.s[i];
        dollars ^= c == '$';
        depth += c == '(' || c == '{' || c == '[';
        depth -= c == ')' || c == '}' || c == ']';
        if (text_starts(t, i, "...")) {
            i += 2;
            continue;
        }
        if (c == '.' && !dollars && depth <= 0 &&
            (i + 1 == t.n || isspace((unsigned char)t.s[i + 1]) ||
             t.s[i + 1] == '*'))
            return text_trim(text_of(t.s, i));
    }
    return t;
}

/* Is there a word that no formula has? */
static int has_prose(struct text t)
{
    static const char *const two[] = { "is", "at", "in", "of", "to", "so",
        "we", "it", "if", "as", "be", "by", "do", "he", "me", "my", "no",
        "on", "up", "us", "an", "am", "or", "go", NULL };
    int braces = 0;

    for (size_t i = 0; i < t.n; i++) {
        size_t k = i;
        braces += t.s[i] == '{';
        braces -= t.s[i] == '}';
        if ((unsigned char)t.s[i] >= 0x80)
            return 1;
        while (k < t.n && isalpha((unsigned char)t.s[k]))
            k++;
        struct text w = text_of(t.s + i, k - i);
        if (k == i)
            continue;
        if (!braces && !(i && t.s[i - 1] == '\\') && !math_word(w)) {
            if (w.n > 2)
                return 1;
            for (int j = 0; two[j]; j++)
                if (text_is(w, two[j]))
                    return 1;
        }
        i = k - 1;
    }
    return 0;
}

/* From the text behind a mark to the answer alone: a formula at its
 * beginning; else, where it is prose, its first formula; else its words. */
static struct text tidy(struct text t)
{
    int solid;

    t = sentence(t);
    while (t.n && strchr("*_\"'`", t.s[t.n - 1]) && t.s[t.n - 1] != '\'')
        t.n--;
    while (t.n && strchr("*\"`", t.s[0]))
        t.s++, t.n--;
    t = text_trim(t);
    if (!t.n)
        return t;
    if (has_prose(t) && may_begin(t, 0)) {
        size_t end = formula_end(t, 0, &solid);
        if (end > 0 && (solid || end == t.n || t.n - end > 0))
            return text_trim(text_of(t.s, end));
    }
    return t;
}

struct found extract_marked(struct arena *a, struct text t)
{
    struct found f = { .rule = "none" };
    size_t colon = SIZE_MAX, verb = SIZE_MAX, at = 0;

    for (size_t i = 0; i < t.n; i++) {
        if (text_starts(t, i, "####")) {
            colon = i + 4;
            while (colon < t.n && t.s[colon] == ' ')
                colon++;
            i += 3;
            continue;
        }
        int m = mark_at(t, i, &at);
        if (m == 1 || m == 3)
            colon = at;
        else if (m == 2)
            verb = at;
    }
    if (colon != SIZE_MAX && colon < t.n) {
        f.t = line_from(t, colon);
        f.rule = "answer_line";
        /* "Final Answer: the final answer is 7" */
        if (verb != SIZE_MAX && verb > colon &&
            verb < (size_t)(f.t.s - t.s) + f.t.n)
            f.t = line_from(t, verb);
    } else if (verb != SIZE_MAX && verb < t.n) {
        f.t = line_from(t, verb);
        f.rule = "answer_is";
    }
    if (!f.t.s)
        return f;
    f.t = text_of(arena_strndup(a, f.t.s, f.t.n), f.t.n);
    return f;
}

/* Prose behind a mark: what follows its last "is", else its first
 * formula. */
static struct text loosen(struct text line, struct text c)
{
    static const char *const is[] = { " is ", " are ", " equals ", " est ",
                                      "\xE6\x98\xAF", "\xE4\xB8\xBA" };
    struct text g = { NULL, 0 };
    int solid;

    if (may_begin(c, 0) && (formula_end(c, 0, &solid), solid))
        return c;
    line = sentence(line);
    for (size_t i = 0; i < line.n; i++)
        for (size_t k = 0; k < sizeof is / sizeof is[0]; k++)
            if (text_starts(line, i, is[k])) {
                size_t at = skip_dress(line, i + strlen(is[k]));
                struct text r = text_of(line.s + at, line.n - at);
                if (r.n && may_begin(r, 0))
                    g = text_of(r.s, formula_end(r, 0, &solid));
            }
    if (!g.n)
        g = extract_formula(line, 0);
    return g.n ? g : c;
}

/* The last formula or number, without a unit's letter behind it ("3.5m^{2}");
 * where there is none, what follows the last colon. */
static struct text last_resort(struct text t)
{
    struct text g = extract_formula(t, 1);
    size_t k = 0;

    while (k < g.n && (isdigit((unsigned char)g.s[k]) ||
                       strchr("-+.,$", g.s[k])))
        k++;
    size_t u = k + (k < g.n && g.s[k] == ' ');
    if (k && u < g.n && strchr("mgshl", g.s[u]) &&
        (u + 1 == g.n || g.s[u + 1] == '^'))
        g.n = k;
    if (g.s)
        return g;
    for (size_t i = t.n; i-- > 0 && t.n - i < 64;)
        if (t.s[i] == ':')
            return text_trim(text_of(t.s + i + 1, t.n - i - 1));
    return g;
}

static struct found dapo(struct arena *a, struct text t)
{
    struct found f = { .rule = "none" };
    size_t from = t.n > 300 ? t.n - 300 : 0, at = SIZE_MAX;

    for (size_t i = from; i < t.n; i++) {
        if (!text_starts_nocase(t, i, "answer"))
            continue;
        size_t j = i + 6;
        while (j < t.n && isspace((unsigned char)t.s[j]))
            j++;
        if (j < t.n && t.s[j] == ':') {
            do
                j++;
            while (j < t.n && isspace((unsigned char)t.s[j]));
            if (j < t.n)
                at = j;
        }
    }
    if (at == SIZE_MAX)
        return f;
    size_t end = at;
    while (end < t.n && t.s[end] != '\n')
        end++;
    f.t = text_trim(text_of(arena_strndup(a, t.s + at, end - at), end - at));
    f.rule = "dapo";
    return f;
}

struct found extract_answer(struct arena *a, const char *s, size_t n,
                            const struct verify_opts *o)
{
    struct found f = { .rule = "none" };
    struct text t = norm_backslashes(a, norm_unicode(a, s, n));

    if (o->extract == VERIFY_WHOLE) {
        f.t = text_bare(t);
        f.rule = "whole";
        if (!f.t.n)
            f = (struct found){ .rule = "none" };
        return f;
    }
    t = cut_template(a, extract_after_think(t));
    if (o->extract == VERIFY_DAPO)
        return dapo(a, t);
    f = extract_boxed(a, t, 0);
    if (f.t.s || o->extract == VERIFY_BOXED)
        return f;
    f = extract_marked(a, t);
    if (f.t.s) {
        struct text c = tidy(f.t);
        f.t = o->lenient ? loosen(f.t, c) : c;
    } else if (o->lenient) {
        f.t = last_resort(t);
        f.rule = f.t.s ? "last_number" : "none";
    }
    /* a box that never closes earns nothing by another rule either */
    if (f.t.s) {
        f.t = text_of(arena_strndup(a, f.t.s, f.t.n), f.t.n);
        if (!f.t.n || strstr(f.t.s, "boxed") || strstr(f.t.s, "\\fbox"))
            f = (struct found){ .rule = "none" };
    }
    return f;
}

struct text extract_gold(struct arena *a, const char *s, size_t n)
{
    struct text t = norm_backslashes(a, norm_unicode(a, s, n));
    struct found f = extract_boxed(a, t, 1);

    if (f.t.s)
        return f.t;
    if (t.n > 200 || strchr(t.s, '\n')) {
        f = extract_marked(a, t);
        if (f.t.s)
            return tidy(f.t);
    }
    return text_bare(t);
}
