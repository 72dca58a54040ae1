/* norm_form - forms of an answer that differ only in dress (norm.h) */
#include <ctype.h>
#include <string.h>
#include "norm.h"

static const char known[] =
    "frac|dfrac|tfrac|sqrt|begin|end|text|boxed|left|right|pi|le|leq|ge|geq|"
    "cdot|times|infty|sin|cos|tan|log|ln|mathrm|mathbb|pm|cup|cap|in|quad|"
    "theta|alpha|beta|circ|angle|binom|sum|neq|ne|div|textbf|approx|fbox|"
    "overline|hline";

/* Does a known command's name stand at s? */
static int known_at(const char *s)
{
    size_t k = 0;

    while (isalpha((unsigned char)s[k]))
        k++;
    return k && text_in(text_of(s, k), known);
}

struct text norm_backslashes(struct arena *a, struct text t)
{
    int single = 0, twice = 0, depth = 0;
    size_t o = 0;

    for (size_t i = 0; i < t.n; i++) {
        size_t run = 0;
        while (i + run < t.n && t.s[i + run] == '\\')
            run++;
        if (run && isalpha((unsigned char)t.s[i + run])) {
            single += run % 2 == 1;
            twice += run % 2 == 0 && known_at(t.s + i + run);
        }
        if (run)
            i += run - 1;
    }
    if (!twice)
        return t;
    char *out = arena_alloc(a, t.n + 1);
    for (size_t i = 0; i < t.n; i++) {
        size_t run = 0;
        while (i + run < t.n && t.s[i + run] == '\\')
            run++;
        if (!run) {
            out[o++] = t.s[i];
            continue;
        }
        size_t keep = run;
        if (!single)
            keep = (run + 1) / 2; /* the whole text was escaped twice */
        else if (run % 2 == 0 && !depth && known_at(t.s + i + run))
            keep = 1;
        i += run - 1;
        memset(out + o, '\\', keep);
        o += keep;
        if (text_starts(t, i + 1, "begin{"))
            depth++;
        else if (text_starts(t, i + 1, "end{") && depth)
            depth--;
    }
    out[o] = 0;
    return text_of(out, o);
}

/* Commands that only change looks. */
static const char looks[] =
    "left|right|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|displaystyle|"
    "textstyle|quad|qquad|limits|mathrm|text|textbf|textit|mathbf|mathit|"
    "textrm|mbox|textnormal|operatorname|boldsymbol|bf|rm|mathsf|textsf";

struct text norm_form(struct arena *a, struct text t)
{
    char *out = arena_alloc(a, 2 * t.n + 2);
    size_t o = 0;
    int gap = 0;

    t = text_trim(t);
    for (size_t i = 0; i < t.n; i++) {
        char c = t.s[i];
        if (c == '$' || isspace((unsigned char)c)) {
            gap = 1;
            continue;
        }
        /* a blank counts only where it parts two numbers or two words, and
         * where "1, 234" without it would be a thousand */
        if (gap && o && isalnum((unsigned char)c) &&
            (isalnum((unsigned char)out[o - 1]) ||
             (out[o - 1] == ',' && o > 1 && isdigit((unsigned char)c) &&
              isdigit((unsigned char)out[o - 2]))))
            out[o++] = ' ';
        gap = 0;
        if (c != '\\' || i + 1 >= t.n) {
            out[o++] = c;
            continue;
        }
        size_t k = 0;
        while (isalpha((unsigned char)t.s[i + 1 + k]))
            k++;
        if (k == 0) {
            char d = t.s[i + 1];
            i++;
            gap = d == ' ';
            if (strchr(",;:! ()[]", d)) /* spaces and delimiters */
                continue;
            if (d == '%') {
                out[o++] = d;
                continue;
            }
            out[o++] = '\\';
            out[o++] = d;
            continue;
        }
        int skip = text_in(text_of(t.s + i + 1, k), looks);
        gap = skip;
        if (!skip) {
            size_t from = (t.s[i + 1] == 'd' || t.s[i + 1] == 't') && k == 5 &&
                          !memcmp(t.s + i + 2, "frac", 4);
            out[o++] = '\\';
            memcpy(out + o, t.s + i + 1 + from, k - from);
            o += k - from;
            /* so that "\pi r" and "\pir" stay apart */
            if (isalpha((unsigned char)t.s[i + 1 + k]) ||
                (t.s[i + 1 + k] == ' ' &&
                 isalpha((unsigned char)t.s[i + 2 + k])))
                out[o++] = ' ';
        }
        i += k;
    }
    while (o && (out[o - 1] == '.' || out[o - 1] == ','))
        o--;
    out[o] = 0;
    return text_of(out, o);
}

struct text norm_words(struct arena *a, struct text t)
{
    char *out = arena_alloc(a, t.n + 2);
    size_t o = 0;

    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.s[i];
        if (c == '\\' && isalpha((unsigned char)t.s[i + 1])) {
            size_t k = 0;
            while (isalpha((unsigned char)t.s[i + 1 + k]))
                k++;
            if (text_in(text_of(t.s + i + 1, k), looks)) {
                i += k;
                if (o && out[o - 1] != ' ')
                    out[o++] = ' ';
            } else {
                out[o++] = '\\'; /* mathematics, not a word */
            }
            continue;
        }
        if (isalnum(c) || c >= 0x80 || c == '\'' || c == '-' || c == '+' ||
            c == '/' || c == '^' || c == '_' || c == '=' || c == '<' ||
            c == '>' || c == '(' || c == ')' || c == '[' || c == ']' ||
            (c == '.' && isdigit((unsigned char)t.s[i + 1])))
            out[o++] = (char)tolower(c);
        else if (o && out[o - 1] != ' ')
            out[o++] = ' ';
    }
    while (o && (out[o - 1] == ' ' || out[o - 1] == '.'))
        o--;
    out[o] = 0;
    return text_of(out, o);
}
