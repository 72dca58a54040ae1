/* choice - see choice.h */
#include "choice.h"
#include <ctype.h>
#include <string.h>

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

unsigned choice_letters(struct text t)
{
    unsigned got = 0;

    t = text_trim(t);
    if (t.n > 40)
        return 0;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.s[i];
        if (c == '\\') { /* \text, \mathrm */
            while (i + 1 < t.n && isalpha((unsigned char)t.s[i + 1]))
                i++;
            continue;
        }
        size_t link = text_starts(t, i, "and ") ? 4
                      : text_starts(t, i, "or ") ? 3 : 0;
        if (link && got) {
            i += link - 1;
            continue;
        }
        if (isupper((unsigned char)c) || (islower((unsigned char)c) &&
                                          alone(t, i) && t.n <= 4))
            got |= 1u << (toupper((unsigned char)c) - 'A');
        else if (!strchr(" ,;()[]{}.$&*", c))
            return 0;
    }
    return got;
}

/* The first run of letters that stand alone in a text: "D, not A" is D;
 * "A, B", "A and B", "A/B" are two. */
static unsigned first_run(struct text t, unsigned allowed, int any_case)
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
        int up = any_case ? toupper(c) : c;
        if (alone(t, i) && isupper(up) && (allowed >> (up - 'A') & 1)) {
            got |= 1u << (up - 'A');
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
    return first_run(t, allowed, 0);
}

/* "it's A or B": negated letters do not count. */
static struct text drop_negated(struct arena *a, struct text t)
{
    static const char *const nots[] = { "not ", "isn't ", "can't be ",
                                        "cannot be ", "neither ", "no " };
    char *s = arena_strndup(a, t.s, t.n);

    for (size_t i = 0; i < t.n; i++)
        for (size_t k = 0; k < sizeof nots / sizeof nots[0]; k++) {
            size_t m = strlen(nots[k]), j;
            if (!text_starts_nocase(t, i, nots[k]))
                continue;
            for (j = i + m; j < t.n && j < i + m + 16; j++) {
                if (!isupper((unsigned char)t.s[j]) && !strchr("() ,/", t.s[j])
                    && strncmp(t.s + j, "or ", 3) &&
                    strncmp(t.s + j, "r ", 2) && strncmp(t.s + j, "nor", 3))
                    break;
                if (isupper((unsigned char)t.s[j]) && alone(t, j))
                    s[j] = '-';
            }
        }
    return text_of(s, t.n);
}

/* The letter at the very beginning: "B", "(B)", "B) 12", "B. because". */
static unsigned leading(struct text t, unsigned allowed)
{
    size_t i = 0;

    t = text_trim(t);
    while (i < t.n && strchr("({[$*\" ", t.s[i]))
        i++;
    if (text_starts_nocase(t, i, "option ") ||
        text_starts_nocase(t, i, "choice "))
        i += 7;
    while (i < t.n && t.s[i] == '(')
        i++;
    if (i >= t.n || !alone(t, i) || !isupper((unsigned char)t.s[i]) ||
        !(allowed >> (t.s[i] - 'A') & 1))
        return 0;
    if (i + 1 < t.n && !strchr(")].:}*\n$,", t.s[i + 1]) && i == 0)
        return 0;
    size_t k = i + 1;
    while (k < t.n && strchr(")].:}*$ ", t.s[k]))
        k++;
    /* "B) A moth" is B, "B) and C)" is two */
    if (k == t.n || (k > i + 1 && t.s[k] != ',' &&
                     !text_starts(t, k, "and ") &&
                     !text_starts(t, k, "or ") && t.s[k] != '(' &&
                     t.s[k] != '&' && t.s[k] != '/'))
        return 1u << (t.s[i] - 'A');
    return first_run(t, allowed, 0);
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
                      t.s[i + 1] == ')';
        int option = i >= 7 && (text_starts_nocase(t, i - 7, "option ") ||
                                text_starts_nocase(t, i - 7, "choice "));
        int article = (c == 'A' || c == 'I') && i + 2 < t.n &&
                      t.s[i + 1] == ' ' &&
                      isalpha((unsigned char)t.s[i + 2]);
        if ((bracket || option || (loose && !article)) &&
            second_of_two(t, i))
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
    size_t i = 0, k;

    t = text_trim(t);
    while (i < t.n && strchr("({[$*\" ", t.s[i]))
        i++;
    k = i < t.n ? (size_t)(t.s[i] - 'A') : n;
    if (k >= n || !alone(t, i))
        return 0;
    for (i++; i < t.n && strchr(")].:}*$ ", t.s[i]);)
        i++;
    return i < t.n && by_text(a, text_of(t.s + i, t.n - i), choices, n) >> k
                          & 1 ? 1u << k : 0;
}

static unsigned in_segment(struct arena *a, struct text t, unsigned allowed,
                           const char *const *choices, size_t n)
{
    struct text w = text_trim(t);
    unsigned got = choice_letters(w);

    unsigned both = letter_and_text(a, t, choices, n);
    if (both)
        return both;
    /* a letter by itself is that letter, also where it is some choice's
     * text */
    if (got && !(got & ~allowed) && !(got & (got - 1)) && one_capital(w))
        return got;
    got = by_text(a, t, choices, n);
    if (got && !(got & (got - 1)))
        return got;
    if ((got = choice_letters(w)) && !(got & ~allowed) &&
        (w.n <= 2 || isupper((unsigned char)w.s[0]) ||
         !isalpha((unsigned char)w.s[0])))
        return got;
    if ((got = leading(t, allowed)))
        return got;
    return first_run(drop_negated(a, t), allowed, 0);
}

struct chosen choice_of(struct arena *a, const char *s, size_t n,
                        unsigned allowed, const char *const *choices,
                        size_t n_choices, const struct verify_opts *o)
{
    struct chosen c = { .rule = "none" };
    struct text t = norm_backslashes(a, norm_unicode(a, s, n));
    struct found f = { .rule = "none" };

    if (o->extract != VERIFY_WHOLE) {
        t = extract_after_think(t);
        f = extract_boxed(a, t, 0);
        if (!f.t.s && o->extract != VERIFY_BOXED)
            f = extract_marked(a, t);
        if (f.t.s) {
            c.t = f.t;
            c.rule = f.rule;
            c.letters = in_segment(a, f.t, allowed, choices, n_choices);
            return c;
        }
        if (o->extract != VERIFY_RULES)
            return c;
    }
    c.t = text_trim(t);
    c.rule = "whole";
    unsigned bare = t.n <= 12 ? choice_letters(t) : 0;
    if (bare && !(bare & ~allowed) && one_capital(c.t)) {
        c.letters = bare;
        return c;
    }
    if ((c.letters = by_text(a, t, choices, n_choices)) ||
        (c.letters = leading(t, allowed)))
        return c;
    if (t.n <= 40 && (c.letters = choice_letters(t)) &&
        !(c.letters & ~allowed))
        return c;
    c.rule = "last_letter";
    struct text d = drop_negated(a, t);
    if (!(c.letters = last_letter(d, allowed, 0)) && o->lenient)
        c.letters = last_letter(d, allowed, 1);
    if (!c.letters)
        c = (struct chosen){ .rule = "none" };
    return c;
}
