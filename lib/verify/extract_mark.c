/* extract_mark - "Answer:", "the answer is" and their like (extract.h) */
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include "extract_impl.h"

/* Words for "answer", each to be followed by a colon or "is". */
static const char nouns[] =
    "answer|correct option|correct choice|\xE7\xAD\x94\xE6\xA1\x88|"
    "r\xC3\xA9ponse|respuesta|antwort|resposta|risposta|"
    "\xD0\xBE\xD1\x82\xD0\xB2\xD0\xB5\xD1\x82|"
    "\xD0\x9E\xD1\x82\xD0\xB2\xD0\xB5\xD1\x82|R\xC3\xA9ponse|"
    "\xD8\xA7\xD9\x84\xD8\xAC\xD9\x88\xD8\xA7\xD8\xA8";
static const char verbs[] =
    "is|should be|must be|would be|will be|est|es|ist|\xE6\x98\xAF|"
    "\xE4\xB8\xBA|\xE4\xB8\xBA:|\xE6\x98\xAF:";

static size_t skip_dress(struct text t, size_t i)
{
    while (i < t.n && (isspace((unsigned char)t.s[i]) || t.s[i] == '*' ||
                       t.s[i] == '_' || t.s[i] == '#' || t.s[i] == '`'))
        i++;
    return i;
}

/* Is "Answer" at [i, end) a heading: alone on its line but for marks of
 * Markdown and "Final"? */
static int heading(struct text t, size_t i, size_t end)
{
    int marks = 0;

    if (i >= 6 && text_starts_nocase(t, i - 6, "final "))
        i -= 6;
    while (i && strchr("*# ", t.s[i - 1])) {
        marks += t.s[i - 1] != ' ';
        i--;
    }
    while (end < t.n && strchr("* ", t.s[end]))
        end++;
    return marks && (i == 0 || t.s[i - 1] == '\n') && end < t.n &&
           t.s[end] == '\n';
}

/* After a noun at i: 1 with a colon, 2 with a verb, 3 with a formula right
 * behind it, 0 otherwise; *at is where the answer begins. */
static int mark_at(struct text t, size_t i, size_t *at)
{
    static const char first[] = "aAcCrR\xE7\xD0\xD8"; /* of a noun */
    size_t k = strchr(first, t.s[i]) ? text_at(t, i, nouns) : 0, j, w;

    if (!k || (i && isalpha((unsigned char)t.s[i - 1])))
        return 0;
    j = skip_dress(t, i + k);
    if (j < t.n && heading(t, i, i + k)) {
        *at = j;
        return 1;
    }
    if (j < t.n && t.s[j] == ':') {
        *at = skip_dress(t, j + 1);
        return 1;
    }
    if ((w = text_at(t, j, verbs))) {
        *at = skip_dress(t, j + w);
        if (*at < t.n && t.s[*at] == ':')
            *at = skip_dress(t, *at + 1);
        return 2;
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
                    ? extract_delimited(t, at, &inner)
                    : 0;

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
    static const char two[] =
        "is|at|in|of|to|so|we|it|if|as|be|by|do|he|me|my|no|on|up|us|an|am|"
        "or|go";
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
        if (!braces && !(i && t.s[i - 1] == '\\') && !extract_math_word(w) &&
            (w.n > 2 || text_in(w, two)))
            return 1;
        i = k - 1;
    }
    return 0;
}

/* Does another number follow, and not as a reason for the first? */
static int more_said(struct text t, size_t i)
{
    static const char reasons[] =
        "because|since|as|when|where|for|if|so|which|not|attained|achieved|"
        "reached|at|when|with";

    while (i < t.n && strchr(" ,*", t.s[i]))
        i++;
    return !text_at(t, i, reasons) &&
           extract_formula(text_of(t.s + i, t.n - i), 0).s != NULL;
}

/* "The one is 15 and the other is 14" */
static int said_and(const char *from, const char *to)
{
    for (; from < to; from++)
        if (!strncmp(from, " and ", 5))
            return 1;
    return 0;
}

/* Does a word before i make it less than an answer? */
static int doubted(struct text t, size_t i)
{
    size_t end, from;

    while (i && strchr(" $*\\(", t.s[i - 1]))
        i--;
    for (end = from = i; from && isalpha((unsigned char)t.s[from - 1]);)
        from--;
    return text_in(text_of(t.s + from, end - from),
                   "about|around|roughly|maybe|perhaps|probably|nearly|"
                   "almost|least|most|than|possibly");
}

/* What a sentence says: the formula behind its last "is", else its only
 * one. s is NULL when there is none. */
static struct text said(struct text t)
{
    static const char is[] =
        " is | are | equals | est |\xE6\x98\xAF|\xE4\xB8\xBA";
    struct text g = {NULL, 0};
    int solid;

    for (size_t i = 0, k; i < t.n; i++) {
        size_t at = (k = text_at(t, i, is)) ? skip_dress(t, i + k) : t.n;
        if (at >= t.n || !extract_may_begin(t, at))
            continue;
        size_t end = extract_formula_end(t, at, &solid);
        if (end > at && g.s && said_and(g.s + g.n, t.s + at))
            return (struct text){NULL, 0};
        if (end > at)
            g = text_of(t.s + at, end - at);
    }
    if (g.s && more_said(t, (size_t)(g.s - t.s) + g.n))
        return (struct text){NULL, 0};
    if (!g.s) {
        struct text last = extract_formula(t, 1);
        g = extract_formula(t, 0);
        if (g.s != last.s)
            g.s = NULL;
    }
    if (g.s && (doubted(t, (size_t)(g.s - t.s)) ||
                extract_denied_before(t, (size_t)(g.s - t.s)) ||
                extract_denied_behind(t, (size_t)(g.s - t.s) + g.n)))
        g = text_of(g.s, 0);
    return g;
}

struct text extract_tidy(struct text t)
{
    int solid;

    t = sentence(t);
    while (t.n && strchr("*_\"'`", t.s[t.n - 1]) && t.s[t.n - 1] != '\'')
        t.n--;
    while (t.n && strchr("*\"`", t.s[0]))
        t.s++, t.n--;
    t = text_trim(t);
    if (!t.n || !has_prose(t))
        return t;
    struct text label = extract_unlabelled(t);
    if (label.n < t.n && has_prose(label))
        t = label;
    if (text_starts_nocase(t, 0, "not "))
        return text_of(t.s, 0);
    if (extract_may_begin(t, 0)) {
        size_t end = extract_formula_end(t, 0, &solid);
        if (extract_denied_behind(t, end))
            return text_of(t.s, 0);
        if (end > 0 && solid)
            return text_trim(text_of(t.s, end));
        struct text is = said(t); /* "x is 7" */
        if (end > 0 && (!is.s || is.s < t.s + end))
            return text_trim(text_of(t.s, end));
    }
    struct text g = said(t);
    return g.s ? text_trim(g) : t;
}

struct text extract_unlabelled(struct text t)
{
    static const char dress[] =
        "\\textbf{|\\text{|\\mathrm{|\\mathbf{|\\textrm{";
    static const char words[] = "answer:|final answer:|ans:";
    size_t i = 0, k;
    int brace = 0;

    t = text_bare(t);
    if (t.n > 2 && t.s[0] == '$' && t.s[t.n - 1] == '$' && t.s[1] != '$' &&
        !memchr(t.s + 1, '$', t.n - 2))
        return extract_unlabelled(text_of(t.s + 1, t.n - 2));
    i = text_at(t, 0, dress);
    brace = i > 0;
    if ((k = text_at(t, i, words))) {
        i += k;
        i += brace && i < t.n && t.s[i] == ' ';
        i += brace && i < t.n && t.s[i] == '}';
        struct text r = text_trim(text_of(t.s + i, t.n - i));
        return r.n ? r : t;
    }
    int bracket = i < t.n && t.s[i] == '(';
    i += (size_t)bracket;
    if (i + 1 >= t.n || t.s[i] < 'A' || t.s[i] > 'H')
        return t;
    i++;
    if (bracket ? t.s[i] != ')' : !strchr(").:", t.s[i]))
        return t;
    i++;
    if (bracket && i < t.n && (t.s[i] == '.' || t.s[i] == ':'))
        i++;
    k = i;
    while (i < t.n && (strchr(" ~*", t.s[i]) || (brace && t.s[i] == '}') ||
                       (t.s[i] == '\\' && strchr(" ,;:", t.s[i + 1])) ||
                       text_starts(t, i, "\\quad"))) {
        brace -= t.s[i] == '}';
        i += t.s[i] != '\\' ? 1 : t.s[i + 1] == 'q' ? 5 : 2;
    }
    if (i >= t.n || i == k || (brace && t.s[t.n - 1] != '}'))
        return t;
    t.n -= (size_t)brace;
    unsigned char c = (unsigned char)t.s[i];
    if (isdigit(c) || strchr("-.$\\([{", c) ||
        (isalpha(c) && !isalpha((unsigned char)t.s[i + 1])))
        return text_of(t.s + i, t.n - i);
    return t;
}

struct found extract_marked(struct arena *a, struct text t)
{
    struct found f = {.rule = "none"};
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
