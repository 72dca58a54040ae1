/* pychar - see pychar.h */
#include "pychar.h"
#include <string.h>
#include <utf8proc.h>

int32_t pychar_at(struct text t, size_t at, size_t *n)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t k = utf8proc_iterate((const utf8proc_uint8_t *)t.s + at,
                                          (utf8proc_ssize_t)(t.n - at), &c);

    *n = k > 0 ? (size_t)k : 1;
    return k > 0 ? c : -1;
}

size_t pychar_next(struct text t, size_t at)
{
    size_t n;

    pychar_at(t, at, &n);
    return at + n;
}

size_t pychar_previous(struct text t, size_t at)
{
    size_t from = at > 4 ? at - 4 : 0, next;

    /* the character that ends at `at`; the text begins with a whole one */
    while (from < at && ((unsigned char)t.s[from] & 0xC0) == 0x80)
        from++;
    for (; from < at && (next = pychar_next(t, from)) < at;)
        from = next;
    return from;
}

struct text pychar_last(struct text t, int n)
{
    size_t at = t.n;

    while (n-- > 0 && at > 0)
        at = pychar_previous(t, at);
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
int pychar_is_digit(int32_t c)
{
    static const int32_t others[][2] = {
        {0xb2, 0xb3},       {0xb9, 0xb9},       {0x1369, 0x1371},
        {0x19da, 0x19da},   {0x2070, 0x2070},   {0x2074, 0x2079},
        {0x2080, 0x2089},   {0x2460, 0x2468},   {0x2474, 0x247c},
        {0x2488, 0x2490},   {0x24ea, 0x24ea},   {0x24f5, 0x24fd},
        {0x24ff, 0x24ff},   {0x2776, 0x277e},   {0x2780, 0x2788},
        {0x278a, 0x2792},   {0x10a40, 0x10a43}, {0x10e60, 0x10e68},
        {0x11052, 0x1105a}, {0x1f100, 0x1f10a}};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (c >= others[i][0] && c <= others[i][1])
            return 1;
    return c >= 0 && utf8proc_category(c) == UTF8PROC_CATEGORY_ND;
}

size_t pychar_skip_space(struct text t, size_t at)
{
    size_t n;

    while (at < t.n && is_space(pychar_at(t, at, &n)))
        at += n;
    return at;
}

struct text pychar_strip(struct text t)
{
    size_t from = pychar_skip_space(t, 0), n, at;

    t = text_of(t.s + from, t.n - from);
    while (t.n && is_space(pychar_at(t, at = pychar_previous(t, t.n), &n)))
        t.n = at;
    return t;
}

size_t pychar_line_end(struct text t, size_t at)
{
    const char *nl = memchr(t.s + at, '\n', t.n - at);

    return nl ? (size_t)(nl - t.s) : t.n;
}
