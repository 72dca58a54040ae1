/* choice - see choice.h */
#include "choice.h"
#include <ctype.h>
#include <string.h>
#include "extract_impl.h"

static int alone(struct text t, size_t i)
{
    unsigned char p = i ? (unsigned char)t.s[i - 1] : ' ';
    unsigned char q = i + 1 < t.n ? (unsigned char)t.s[i + 1] : ' ';

    if (p == '\'' && q == '\'')
        return isalpha((unsigned char)t.s[i]) != 0;
    if (q == '+' || q == '#')
        return 0; /* C++ */
    return isalpha((unsigned char)t.s[i]) && !isalnum(p) && p != '\'' &&
           p != '\\' && p != '_' && p != '^' && !isalnum(q) && q != '\'' &&
           q != '_' && q != '^';
}

/* Commands in which a letter stays a letter. */
static const char dress[] =
    "textbf|text|mathrm|mathbf|textrm|textit|mathsf|mathit|boldsymbol|"
    "operatorname|mbox|left|right|quad|qquad";

unsigned choice_letters(struct text t)
{
    unsigned got = 0;

    t = text_trim(t);
    if (t.n > 40)
        return 0;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.s[i];
        if (c == '\\') { /* \text, \mathrm, but no \angle */
            size_t k = text_at(t, i + 1, dress);
            if (!k && !strchr(" ,;:!()$", t.s[i + 1]))
                return 0;
            i += k ? k : 1;
            continue;
        }
        size_t link = text_starts(t, i, "and ")  ? 4
                      : text_starts(t, i, "or ") ? 3
                                                 : 0;
        if (link && got) {
            i += link - 1;
            continue;
        }
        if (isupper((unsigned char)c) ||
            (islower((unsigned char)c) && alone(t, i) && t.n <= 4))
            got |= 1u << (toupper((unsigned char)c) - 'A');
        else if (!strchr(" ,;()[]{}.$&*", c))
            return 0;
    }
    return got;
}

/* Is the letter at i a part of a formula: an operator or digit beside it? */
static int in_formula(struct text t, size_t i)
{
    size_t p = i, q = i + 1;

    while (p && (t.s[p - 1] == ' ' || t.s[p - 1] == '{'))
        p--;
    while (q < t.n && (t.s[q] == ' ' || t.s[q] == '}'))
        q++;
    return (p && (strchr("=+^<>|\\", t.s[p - 1]) ||
                  isdigit((unsigned char)t.s[p - 1]))) ||
           (q < t.n && strchr("=+^<>|", t.s[q])) ||
           text_starts(t, q, "\\times") || text_starts(t, q, "\\cap") ||
           text_starts(t, q, "\\cup") ||
           (i && strchr(",!;:", t.s[i - 1]) && i > 1 && t.s[i - 2] == '\\');
}

/* The first run of letters that stand alone in a text: "D, not A" is D;
 * "A, B", "A and B", "A/B" are two. */
static unsigned first_run(struct text t, unsigned allowed)
{
    unsigned got = 0;
    int gap = 0;

    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.s[i];
        if (c == '\\') {
            while (i + 1 < t.n && isalpha((unsigned char)t.s[i + 1]))
                i++;
            continue;
        }
        if (alone(t, i) && isupper(c) && (allowed >> (c - 'A') & 1) &&
            !in_formula(t, i)) {
            got |= 1u << (c - 'A');
            gap = 0;
        } else if (isalpha(c)) {
            size_t k = i;
            while (k < t.n && isalpha((unsigned char)t.s[k]))
                k++;
            struct text w = text_of(t.s + i, k - i);
            int link = text_is(w, "and") || text_is(w, "or");
            if (got && !link)
                return got;
            i = k - 1;
        } else if (got && !strchr(" ,/&(){}$*[]", c)) {
            return got;
        } else if (got && ++gap > 8) {
            return got;
        }
    }
    return got;
}

unsigned choice_first(struct text t, unsigned allowed)
{
    return first_run(t, allowed);
}

/* "it's A or B": negated letters do not count. */
static struct text drop_negated(struct arena *a, struct text t)
{
    static const char nots[] = "not |isn't |can't be |cannot be |neither |no ";
    char *s = arena_strndup(a, t.s, t.n);

    for (size_t i = 0; i < t.n; i++) {
        size_t m = text_at(t, i, nots);
        for (size_t j = i + m; m && j < t.n && j < i + m + 16; j++) {
            if (!isupper((unsigned char)t.s[j]) && !strchr("() ,/", t.s[j]) &&
                strncmp(t.s + j, "or ", 3) && strncmp(t.s + j, "r ", 2) &&
                strncmp(t.s + j, "nor", 3))
                break;
            if (isupper((unsigned char)t.s[j]) && alone(t, j))
                s[j] = '-';
        }
    }
    return text_of(s, t.n);
}

/* Past blanks, brackets and the dress of a letter: "\textbf{(". */
static size_t undress(struct text t, size_t i)
{
    for (size_t k = 1; k && i < t.n; i += k) {
        int command = t.s[i] == '\\';
        k = strchr("({[$*\" ", t.s[i]) ? 1
            : command                  ? text_at(t, i + 1, dress)
                                       : 0;
        k += k && command;
    }
    return i;
}

/* The label at the very beginning: "B", "(B)", "b) 12", "B. because",
 * "option b". */
static unsigned leading(struct text t, unsigned allowed)
{
    size_t from = undress(t, 0), i = from, k;
    size_t option = text_at(t, i, "option |choice ");

    if (option)
        i = undress(t, i + option);
    if (i >= t.n || !alone(t, i))
        return 0;
    unsigned c = (unsigned)toupper((unsigned char)t.s[i]) - 'A';
    if (c > 25 || !(allowed >> c & 1) || in_formula(t, i))
        return 0;
    for (k = i + 1; k < t.n && strchr("}*\"'$", t.s[k]);)
        k++;
    int small = islower((unsigned char)t.s[i]) && !option;
    int mark = k < t.n && (strchr(small ? ")]." : ")].:\n", t.s[k]) ||
                           (t.s[k] == ',' && !from && !small));
    if ((k < t.n && !mark && !option) || extract_denied_behind(t, k))
        return 0;
    if (k == t.n && small && t.n > 4)
        return 0;
    int comma = k < t.n && t.s[k] == ',';
    while (k < t.n && strchr(")].:}*$ ", t.s[k]))
        k++;
    /* "B) A moth" is B, "B) and C)" is two */
    if (k < t.n && (comma || t.s[k] == ',' || text_starts(t, k, "and ") ||
                    text_starts(t, k, "or ") || t.s[k] == '(' ||
                    t.s[k] == '&' || t.s[k] == '/')) {
        unsigned run = first_run(t, allowed);
        return run ? run : 1u << c;
    }
    return 1u << c;
}

/* "A or B", "A, B": is the letter at i the second of two? */
static int second_of_two(struct text t, size_t i)
{
    size_t k = i;

    while (k && strchr(" (,/&", t.s[k - 1]))
        k--;
    if (k >= 2 && (text_starts(t, k - 2, "or") ||
                   (k >= 3 && text_starts(t, k - 3, "and")))) {
        k -= t.s[k - 1] == 'r' ? 2 : 3;
        while (k && strchr(" )", t.s[k - 1]))
            k--;
    } else if (k == i || !memchr(t.s + k, ',', i - k)) {
        return 0;
    }
    return k && isupper((unsigned char)t.s[k - 1]) && alone(t, k - 1);
}

/* The last letter in brackets, after "option" or (loose) standing alone. */
static unsigned last_letter(struct text t, unsigned allowed, int loose)
{
    for (size_t i = t.n; i-- > 0;) {
        unsigned char c = (unsigned char)t.s[i];
        if (!isupper(c) || !(allowed >> (c - 'A') & 1) || !alone(t, i))
            continue;
        int bracket = i && t.s[i - 1] == '(' && i + 1 < t.n &&
                      t.s[i + 1] == ')' &&
                      !(i > 1 && isalpha((unsigned char)t.s[i - 2]));
        int option = i >= 7 && text_at(t, i - 7, "option |choice ");
        if ((bracket || option) &&
            extract_denied_behind(t, i + 1 + (size_t)bracket))
            continue;
        int article = (c == 'A' || c == 'I') && i + 2 < t.n &&
                      t.s[i + 1] == ' ' && isalpha((unsigned char)t.s[i + 2]);
        if ((bracket || option || (loose && !article)) && second_of_two(t, i))
            return 0;
        if (bracket || option || (loose && !article))
            return 1u << (c - 'A');
    }
    return 0;
}

static unsigned by_text(struct arena *a, struct text t,
                        const char *const *choices, size_t n)
{
    unsigned exact = 0, words = 0;
    struct text f = norm_form(a, t), w = norm_words(a, t);

    for (size_t i = 0; i < n && i < 26; i++) {
        struct text c = norm_backslashes(
            a, norm_unicode(a, choices[i], strlen(choices[i])));
        struct text cf = norm_form(a, c), cw = norm_words(a, c);
        if (cf.n && cf.n == f.n && !memcmp(cf.s, f.s, f.n))
            exact |= 1u << i;
        if (cw.n && cw.n == w.n && !memcmp(cw.s, w.s, w.n))
            words |= 1u << i;
    }
    return exact ? exact : words;
}

static int one_capital(struct text w)
{
    int n = 0;

    for (size_t i = 0; i < w.n; i++)
        n += isupper((unsigned char)w.s[i]) != 0;
    return n == 1;
}

/* "D. 1/C": a letter and then that letter's own text. */
static unsigned letter_and_text(struct arena *a, struct text t,
                                const char *const *choices, size_t n)
{
    size_t i = undress(t, 0), k;

    k = i < t.n ? (size_t)(toupper((unsigned char)t.s[i]) - 'A') : n;
    if (k >= n || !alone(t, i))
        return 0;
    for (i++; i < t.n && strchr(")].:}*$ ", t.s[i]);)
        i++;
    return i < t.n && by_text(a, text_of(t.s + i, t.n - i), choices, n) >> k & 1
               ? 1u << k
               : 0;
}

/* The letter that a box or a mark's line names. In a box (formula) only a
 * label or a choice's own text counts. */
static unsigned in_segment(struct arena *a, struct text t, unsigned allowed,
                           const char *const *choices, size_t n, int formula)
{
    struct text w = text_trim(t);
    size_t from = undress(w, 0);
    while (from && w.n && strchr("})$ ", w.s[w.n - 1]))
        w.n--;
    if (from < w.n)
        w = text_of(w.s + from, w.n - from);
    unsigned got = choice_letters(w), both;

    if ((both = letter_and_text(a, w, choices, n)))
        return both;
    /* a letter by itself is that letter, also where it is some choice's
     * text */
    if (got && !(got & ~allowed) && !(got & (got - 1)) && one_capital(w))
        return got;
    if ((both = by_text(a, t, choices, n)) && !(both & (both - 1)))
        return both;
    if (got && !(got & ~allowed) &&
        (w.n <= 2 || isupper((unsigned char)w.s[0]) ||
         !isalpha((unsigned char)w.s[0])))
        return got;
    if ((got = leading(w, allowed)) || formula)
        return got;
    return first_run(drop_negated(a, t), allowed);
}

/* From the whole of a short response, else the last letter in brackets. */
static struct chosen in_prose(struct arena *a, struct text t, unsigned allowed,
                              const char *const *choices, size_t n_choices,
                              int lenient)
{
    struct chosen c = {.t = text_trim(t), .rule = "whole"};
    unsigned bare = t.n <= 40 ? choice_letters(t) : 0;

    bare = bare & ~allowed ? 0 : bare;
    if (bare && t.n <= 12 && one_capital(c.t))
        c.letters = bare;
    if (c.letters || (c.letters = by_text(a, t, choices, n_choices)) ||
        (c.letters = leading(c.t, allowed)) || (c.letters = bare))
        return c;
    c.rule = "last_letter";
    struct text d = drop_negated(a, t);
    if (!(c.letters = last_letter(d, allowed, 0)) && lenient)
        c.letters = last_letter(d, allowed, 1);
    return c.letters ? c : (struct chosen){.rule = "none"};
}

struct chosen choice_of(struct arena *a, const char *s, size_t n,
                        unsigned allowed, const char *const *choices,
                        size_t n_choices, const struct verify_opts *o)
{
    struct chosen c = {.rule = "none"};
    struct text t = extract_spelling(a, s, n);

    if (o->extract == VERIFY_WHOLE)
        return in_prose(a, t, allowed, choices, n_choices, o->lenient);
    t = extract_tag(a, extract_after_think(t));
    for (int marked = 0; marked < 2; marked++) {
        if (marked && o->extract == VERIFY_BOXED)
            return c;
        struct found f = marked ? extract_marked(a, t) : extract_boxed(a, t, 0);
        if (!f.t.s)
            continue;
        c.t = f.t;
        c.rule = f.rule;
        c.letters = in_segment(a, f.t, allowed, choices, n_choices, !marked);
        if (c.letters)
            return c;
    }
    if (c.t.s || o->extract != VERIFY_RULES)
        return c;
    return in_prose(a, t, allowed, choices, n_choices, o->lenient);
}
