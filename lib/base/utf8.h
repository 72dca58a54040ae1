/* utf8 - strict UTF-8, one character at a time (RFC 3629)
 *
 * No overlong forms, no surrogates, nothing above U+10FFFF. Header only.
 */
#ifndef ULP_BASE_UTF8_H
#define ULP_BASE_UTF8_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The character at p (p < end) and its length in bytes, or 0 when the bytes
 * are not one: then *bad (may be NULL) is how many bytes belong to the broken
 * sequence, the "maximal subpart" that a decoder replaces by one U+FFFD. */
static inline int utf8_get(const unsigned char *p, const unsigned char *end,
                           uint32_t *cp, int *bad)
{
    unsigned c = p[0];
    unsigned lo = 0x80, hi = 0xbf;
    int n, i;
    uint32_t v;

    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    if (bad)
        *bad = 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (c == 0xe0)
        lo = 0xa0;
    else if (c == 0xed)
        hi = 0x9f;
    else if (c == 0xf0)
        lo = 0x90;
    else if (c == 0xf4)
        hi = 0x8f;
    v = c & (0xffu >> (n + 1));
    for (i = 1; i < n; i++) {
        if (p + i >= end || p[i] < lo || p[i] > hi) {
            if (bad)
                *bad = i;
            return 0;
        }
        v = v << 6 | (p[i] & 0x3fu);
        lo = 0x80;
        hi = 0xbf;
    }
    *cp = v;
    return n;
}

/* Could more bytes make the n bytes at p (which utf8_get found bad, all n of
 * them) a character? */
static inline int utf8_prefix(const unsigned char *p, size_t n)
{
    return p[0] >= 0xc2 && p[0] <= 0xf4 &&
           n < (p[0] < 0xe0   ? 2u
                : p[0] < 0xf0 ? 3u
                              : 4u);
}

/* The character at p of text known to be valid. */
static inline int utf8_next(const unsigned char *p, uint32_t *cp)
{
    unsigned c = p[0];

    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    if (c < 0xe0) {
        *cp = (c & 0x1fu) << 6 | (p[1] & 0x3fu);
        return 2;
    }
    if (c < 0xf0) {
        *cp = (c & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        return 3;
    }
    *cp = (c & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 |
          (p[3] & 0x3fu);
    return 4;
}

/* Writes cp (a Unicode scalar value) to out[4]; gives the length. */
static inline int utf8_put(uint32_t cp, unsigned char *out)
{
    if (cp < 0x80) {
        out[0] = (unsigned char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (unsigned char)(0xc0 | cp >> 6);
        out[1] = (unsigned char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (unsigned char)(0xe0 | cp >> 12);
        out[1] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (unsigned char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | cp >> 18);
    out[1] = (unsigned char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (unsigned char)(0x80 | (cp & 0x3f));
    return 4;
}

/* Bytes before the first invalid one: n when all is well. */
static inline size_t utf8_valid(const char *s, size_t n)
{
    const unsigned char *b = (const unsigned char *)s, *p = b, *end = b + n;
    uint32_t cp;

    while (p < end) {
        int k;

        while (end - p >= 8) {
            uint64_t w;

            memcpy(&w, p, 8);
            if (w & 0x8080808080808080u)
                break;
            p += 8;
        }
        if (p == end)
            break;
        k = utf8_get(p, end, &cp, NULL);
        if (!k)
            break;
        p += k;
    }
    return (size_t)(p - b);
}

/* Are all n bytes valid UTF-8? */
static inline int utf8_whole(const char *s, size_t n)
{
    return utf8_valid(s, n) == n;
}

#endif
