/* norm_html - the dress of HTML undone (norm.h)
 *
 * Only tags that change looks are known here, so that "a<b" stays what it
 * is; a tag counts where its end follows, or where it needs none.
 */
#include <ctype.h>
#include <string.h>
#include "norm.h"

static const struct {
    const char *name, *open, *close;
    int single; /* has no end tag */
} tags[] = {
    {"sub", "_{", "}", 0}, {"sup", "^{", "}", 0},  {"b", "", "", 0},
    {"i", "", "", 0},      {"u", "", "", 0},       {"em", "", "", 0},
    {"strong", "", "", 0}, {"span", "", "", 0},    {"code", "", "", 0},
    {"font", "", "", 0},   {"mark", "", "", 0},    {"center", "", "", 0},
    {"p", "\n", "\n", 0},  {"div", "\n", "\n", 0}, {"li", "\n", "\n", 0},
    {"br", "\n", "\n", 1}, {"hr", "\n", "\n", 1}};

static const char *const entities[][2] = {{"nbsp", " "},
                                          {"thinsp", " "},
                                          {"ensp", " "},
                                          {"emsp", " "},
                                          {"lt", "<"},
                                          {"gt", ">"},
                                          {"amp", "&"},
                                          {"quot", "\""},
                                          {"minus", "-"},
                                          {"times", "\\times "},
                                          {"divide", "/"},
                                          {"middot", "\\cdot "},
                                          {"plusmn", "\\pm "},
                                          {"pi", "\\pi "},
                                          {"theta", "\\theta "},
                                          {"alpha", "\\alpha "},
                                          {"beta", "\\beta "},
                                          {"infin", "\\infty "},
                                          {"radic", "\\sqrt "},
                                          {"deg", "^{\\circ}"},
                                          {"le", "\\leq "},
                                          {"ge", "\\geq "},
                                          {"ne", "\\neq "},
                                          {"frac12", "\\frac{1}{2}"},
                                          {"frac14", "\\frac{1}{4}"},
                                          {"frac34", "\\frac{3}{4}"},
                                          {"sup2", "^{2}"},
                                          {"sup3", "^{3}"},
                                          {"empty", "\\emptyset "},
                                          {"cup", "\\cup "},
                                          {"cap", "\\cap "},
                                          {"isin", "\\in "},
                                          {"pound", "\\pounds "},
                                          {"euro", "\\euro "},
                                          {"yen", "\\yen "},
                                          {"cent", " cents "}};

/* The tag at i: its number, *end is behind it, *closing for "</b>"; or -1. */
static int tag_at(struct text t, size_t i, size_t *end, int *closing)
{
    size_t k = i + 1, m;

    *closing = k < t.n && t.s[k] == '/';
    k += (size_t)*closing;
    for (m = k; m < t.n && isalpha((unsigned char)t.s[m]);)
        m++;
    if (m == k || m - k > 6 || m == t.n)
        return -1;
    size_t far = t.n - m < 200 ? t.n - m : 200;
    const char *close = memchr(t.s + m, '>', far);
    if (!close || (t.s[m] != '>' && t.s[m] != ' ' && t.s[m] != '/'))
        return -1;
    *end = (size_t)(close - t.s) + 1;
    for (size_t j = 0; j < sizeof tags / sizeof tags[0]; j++)
        if (strlen(tags[j].name) == m - k &&
            text_starts_nocase(t, k, tags[j].name))
            return (int)j;
    return -1;
}

static int entity_at(struct text t, size_t i, size_t *end)
{
    for (size_t j = 0; j < sizeof entities / sizeof entities[0]; j++) {
        size_t k = strlen(entities[j][0]);
        if (text_starts(t, i + 1, entities[j][0]) && i + 1 + k < t.n &&
            t.s[i + 1 + k] == ';') {
            *end = i + k + 2;
            return (int)j;
        }
    }
    return -1;
}

struct text norm_html(struct arena *a, struct text t)
{
    int opened[sizeof tags / sizeof tags[0]] = {0}, closing, j;
    int closed[sizeof tags / sizeof tags[0]] = {0};
    size_t o = 0, end;

    if (!memchr(t.s, '<', t.n) && !memchr(t.s, '&', t.n))
        return t;
    for (size_t i = 0; i < t.n; i++)
        if (t.s[i] == '<' && (j = tag_at(t, i, &end, &closing)) >= 0)
            closed[j] += closing;
    char *out = arena_alloc(a, 3 * t.n + 1); /* "&le;" gives 5 for 4 */
    for (size_t i = 0; i < t.n;) {
        const char *put = NULL;
        if (t.s[i] == '<' && (j = tag_at(t, i, &end, &closing)) >= 0) {
            if (tags[j].single || (closing && opened[j] > 0) ||
                (!closing && closed[j] > opened[j]))
                put = closing ? tags[j].close : tags[j].open;
            if (put && !tags[j].single)
                opened[j] += closing ? -1 : 1;
            if (put && closing && !tags[j].single)
                closed[j]--;
        } else if (t.s[i] == '&' && (j = entity_at(t, i, &end)) >= 0) {
            put = entities[j][1];
        }
        if (put) {
            size_t k = strlen(put);
            memcpy(out + o, put, k);
            o += k;
            i = end;
        } else {
            out[o++] = t.s[i++];
        }
    }
    out[o] = 0;
    return text_of(out, o);
}
