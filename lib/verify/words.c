/* words - see words.h */
#include "words.h"
#include <ctype.h>
#include <string.h>

static const char *const ones[] = {
    "zero",    "one",     "two",       "three",    "four",
    "five",    "six",     "seven",     "eight",    "nine",
    "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
static const char *const tens[] = {"twenty", "thirty",  "forty",  "fifty",
                                   "sixty",  "seventy", "eighty", "ninety"};

/* The value of English number words ("forty-two", "one hundred and five"),
 * or -1. */
static long english(struct text t)
{
    long total = 0, part = 0;
    int any = 0;

    for (size_t i = 0; i < t.n;) {
        size_t k = i;
        while (k < t.n && isalpha((unsigned char)t.s[k]))
            k++;
        struct text w = text_of(t.s + i, k - i);
        long v = -1;
        for (int j = 0; j < 20 && v < 0; j++)
            if (text_is(w, ones[j]))
                v = j;
        for (int j = 0; j < 8 && v < 0; j++)
            if (text_is(w, tens[j]))
                v = 20 + 10 * j;
        if (v >= 0)
            part += v;
        else if (text_is(w, "hundred") && part > 0)
            part *= 100;
        else if (text_is(w, "thousand") && part > 0 && !total) {
            total = part * 1000;
            part = 0;
        } else if (!(text_is(w, "and") && any))
            return -1;
        any = 1;
        i = k;
        while (i < t.n && (t.s[i] == ' ' || t.s[i] == '-'))
            i++;
        if (i == k && i < t.n)
            return -1;
    }
    return any && total + part < 1000000 ? total + part : -1;
}

/* Chinese numerals up to 9999, or -1: by units, or digit by digit as a year is
 * written. */
static long chinese(struct text t)
{
    static const char *const digit[] = {
        "\xE9\x9B\xB6", "\xE4\xB8\x80", "\xE4\xBA\x8C", "\xE4\xB8\x89",
        "\xE5\x9B\x9B", "\xE4\xBA\x94", "\xE5\x85\xAD", "\xE4\xB8\x83",
        "\xE5\x85\xAB", "\xE4\xB9\x9D", "\xE4\xB8\xA4", "\xE3\x80\x87"};
    static const struct {
        const char *s;
        long v;
    } scale[] = {
        {"\xE5\x8D\x81", 10}, {"\xE7\x99\xBE", 100}, {"\xE5\x8D\x83", 1000}};
    long total = 0, last = -1;

    if (t.n == 0 || t.n % 3 || t.n > 30)
        return -1;
    for (size_t i = 0; i < t.n; i += 3) {
        long v = -1;
        for (int j = 0; j < 12 && v < 0; j++)
            if (text_starts(t, i, digit[j]))
                v = j < 10 ? j : j == 10 ? 2 : 0;
        if (v >= 0) {
            if (last > 999 || (last > 0 && total))
                return -1;
            last = last > 0 ? 10 * last + v : v;
            continue;
        }
        if (last > 9)
            return -1;
        for (int j = 0; j < 3 && v < 0; j++)
            if (text_starts(t, i, scale[j].s))
                v = scale[j].v;
        if (v < 0)
            return -1;
        total += (last < 0 ? 1 : last) * v;
        last = -1;
    }
    return total + (last > 0 ? last : 0);
}

/* "There are no real solutions.", "none", "infinitely many solutions": how
 * many things satisfy it, as a formula; or NULL. */
static const char *how_many(struct text w)
{
    static const char heads[] =
        "there is |there are |there exist |there exists |the equation has |"
        "the system has |it has |has ";
    static const char tails[] = " exists| exist| possible| to the equation";
    static const char none[] =
        "no solution|no solutions|no real solution|no real solutions|"
        "no real roots|no roots|none|no values|no value|no real values|"
        "empty set|the empty set|null set";

    size_t k = text_at(w, 0, heads);
    w = text_of(w.s + k, w.n - k);
    for (k = w.n; k-- > 0;)
        if (k + text_at(w, k, tails) == w.n)
            w.n = k;
    if (text_in(w, none))
        return "\\emptyset";
    if (text_starts(w, 0, "no such ") && w.n < 20)
        return "\\emptyset";
    return text_in(w, "infinitely many|infinitely many solutions|"
                      "infinite solutions|infinite number of solutions")
               ? "\\text{infinitely many}"
               : NULL;
}

struct text words_to_formula(struct arena *a, struct text t)
{
    long v;

    if (t.n == 0 || t.n > 80)
        return t;
    if ((unsigned char)t.s[0] >= 0x80)
        v = chinese(t);
    else {
        struct text w = norm_words(a, t);
        if (text_is(w, "all real numbers") || text_is(w, "all reals"))
            return text_of("\\mathbb{R}", 10);
        static const char but[] = "all real numbers except ";
        if (text_starts(w, 0, but)) {
            const char *s = arena_printf(a, "\\mathbb{R}\\setminus\\{%s\\}",
                                         w.s + sizeof but - 1);
            return text_of(s, strlen(s));
        }
        const char *many = how_many(w);
        if (many)
            return text_of(many, strlen(many));
        if (text_in(w, "dne|does not exist|it does not exist|"
                       "the limit does not exist"))
            return text_of("\\text{does not exist}", 21);
        /* several number words may be a list */
        v = strchr(t.s, ',') || strstr(w.s, " or ") ? -1 : english(w);
    }
    if (v < 0)
        return t;
    const char *s = arena_printf(a, "%ld", v);
    return text_of(s, strlen(s));
}

/* 1 yes, 0 no, -1 neither. */
static int truth(struct text w, int *letter)
{
    static const char yes[] = "yes|true|y|t|correct";
    static const char no[] = "no|false|n|f|incorrect";

    *letter = w.n == 1;
    return text_in(w, yes) ? 1 : text_in(w, no) ? 0 : -1;
}

/* Of single words only the first letter's case is free: May and may, but
 * not ABC and abc. */
static int case_differs(struct arena *a, struct text x, struct text y)
{
    x = norm_form(a, x);
    y = norm_form(a, y);
    while (x.n && (x.s[0] == '{' || x.s[0] == '('))
        x.s++, x.n--;
    while (y.n && (y.s[0] == '{' || y.s[0] == '('))
        y.s++, y.n--;
    for (size_t i = 1; i < x.n && i < y.n && isalpha((unsigned char)x.s[i]);
         i++)
        if (x.s[i] != y.s[i])
            return 1;
    return 0;
}

static int only_words(struct text w)
{
    size_t run = 0, longest = 0;

    for (size_t i = 0; i < w.n; i++) {
        unsigned char c = (unsigned char)w.s[i];
        int inside = i > 0 && i + 1 < w.n && w.s[i - 1] != ' ' &&
                     w.s[i + 1] != ' ';
        run = isalpha(c) || c >= 0x80 ? run + 1 : 0;
        longest = run > longest ? run : longest;
        if (!run && c != ' ' && c != '\'' && !(c == '-' && inside))
            return 0;
    }
    return longest >= 3;
}

const char *words_equal(struct arena *a, struct text gold, struct text answer)
{
    struct text gf = norm_form(a, gold), af = norm_form(a, answer);

    if (gf.n && gf.n == af.n && !memcmp(gf.s, af.s, gf.n))
        return "same_text";
    if (gold.n > 4000 || answer.n > 4000)
        return NULL;
    struct text g = norm_words(a, gold), w = norm_words(a, answer);
    int lg, lw, tg = truth(g, &lg), tw = truth(w, &lw);
    if (tg >= 0 && tg == tw && !(lg && lw))
        return "yes_no";
    if (g.n == w.n && only_words(g) && !memcmp(g.s, w.s, g.n) &&
        (g.n > 4 || !case_differs(a, gold, answer)))
        return "same_words";
    return NULL;
}
