/* extract_formula - where a formula begins and ends in running text
 * (extract.h)
 */
#include <ctype.h>
#include <string.h>
#include "extract_impl.h"

/* Words that may stand in a formula outside dollars. */
int extract_math_word(struct text w)
{
    static const char words[] =
        "sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt|pi|infinity|inf|arcsin|"
        "arccos|arctan|and|or|mod|max|min|gcd|lcm|abs|infty|theta|alpha|"
        "beta|percent|pct|percentage";

    return text_in(w, words);
}

size_t extract_delimited(struct text t, size_t i, size_t *inner)
{
    static const char *const pairs[][2] = {
        {"$$", "$$"}, {"\\[", "\\]"}, {"\\(", "\\)"}, {"$", "$"}};

    for (size_t k = 0; k < 4; k++) {
        if (!text_starts(t, i, pairs[k][0]))
            continue;
        *inner = i + strlen(pairs[k][0]);
        size_t far = *inner + 2000 < t.n ? *inner + 2000 : t.n;
        for (size_t j = *inner; j < far; j++) {
            if (k == 3 && t.s[j] == '\n')
                break;
            if (t.s[j] == pairs[k][1][0] && j > *inner &&
                (k == 3 || t.s[j + 1] == pairs[k][1][1]) && t.s[j - 1] != '\\')
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

/* Is [from, to) of t, between delimiters, an answer? "$n$" is a name. */
static int is_solid(struct text t, size_t from, size_t to)
{
    int solid = 0;

    for (size_t k = from; k < to; k++)
        solid |= isdigit((unsigned char)t.s[k]) || t.s[k] == '=' ||
                 t.s[k] == '+' || (t.s[k] == '\\' && k + 2 < to);
    return solid;
}

/* Behind a command, and its text where it has some. */
static size_t command(struct text t, size_t i)
{
    size_t k = i + 1;
    struct text w;

    while (isalpha((unsigned char)t.s[k]))
        k++;
    w = text_of(t.s + i + 1, k - i - 1);
    if (text_starts(w, 0, "text") || text_starts(w, 0, "math") ||
        text_is(w, "mbox") || text_is(w, "operatorname") ||
        text_is(w, "begin") || text_is(w, "end"))
        k = k < t.n && t.s[k] == '{' ? group_end(t, k) : k;
    return k;
}

/* Behind a run of letters that may stand in a formula, else 0; *link: it only
 * joins two. */
static size_t letters(struct text t, size_t i, int braces, int *link)
{
    size_t k = i;
    struct text w;
    int alone;

    while (isalpha((unsigned char)t.s[k]))
        k++;
    w = text_of(t.s + i, k - i);
    alone = k - i == 1 && i && strchr("aAI", t.s[i]) && t.s[i - 1] == ' ' &&
            (t.s[k] == ' ' || t.s[k] == '.') &&
            !strchr("+-*/=^<>(", i > 1 ? t.s[i - 2] : ' ');
    if (!(k - i == 1 && !alone) && !extract_math_word(w) && !braces &&
        !(k - i == 2 && i && isdigit((unsigned char)t.s[i - 1])))
        return 0;
    *link = text_is(w, "and") || text_is(w, "or");
    return k;
}

/* Signs that end a formula. */
static int ends_formula(struct text t, size_t i)
{
    unsigned char c = (unsigned char)t.s[i];

    return c >= 0x80 || c == '"' || c == '?' || c == '@' || c == '`' ||
           (c == '\n' && i + 1 < t.n && t.s[i + 1] == '\n') ||
           (c == '.' && !text_starts(t, i, "...") &&
            !isdigit((unsigned char)t.s[i + 1])) ||
           (c == '*' && t.s[i + 1] == '*' &&
            !isdigit((unsigned char)t.s[i + 2]) && t.s[i + 2] != '(');
}

/* As extract_formula_end; *stop is how far it looked. */
static size_t scan(struct text t, size_t i, int *solid, size_t *stop)
{
    size_t end = i, inner, to;
    int braces = 0;

    *solid = 0;
    while (i < t.n) {
        unsigned char c = (unsigned char)t.s[i];

        if ((c == '$' || c == '\\') && (to = extract_delimited(t, i, &inner))) {
            *solid |= is_solid(t, inner, to);
            end = i = to;
        } else if (c == '\\' && isalpha((unsigned char)t.s[i + 1])) {
            end = i = command(t, i);
        } else if (isalpha(c)) {
            int link = 0;

            to = letters(t, i, braces, &link);
            if (!to)
                break;
            i = to;
            if (!link)
                end = i;
        } else if (ends_formula(t, i)) {
            break;
        } else if (text_starts(t, i, "...")) {
            i += 3;
        } else {
            *solid |= isdigit(c) != 0;
            braces += c == '{';
            braces -= c == '}';
            i++;
            if (isdigit(c) || strchr(")]}%!'|", c))
                end = i;
        }
    }
    *stop = i;
    return end;
}

size_t extract_formula_end(struct text t, size_t i, int *solid)
{
    size_t stop;

    return scan(t, i, solid, &stop);
}

int extract_may_begin(struct text t, size_t i)
{
    unsigned char c = (unsigned char)t.s[i],
                  p = i ? (unsigned char)t.s[i - 1] : ' ';

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
    struct text best = {NULL, 0};

    for (size_t i = 0; i < t.n;) {
        int solid;
        if (!extract_may_begin(t, i)) {
            i++;
            continue;
        }
        size_t stop, end = scan(t, i, &solid, &stop);
        if (end <= i) { /* nor is there one up to where it looked */
            i = stop > i ? stop : i + 1;
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
