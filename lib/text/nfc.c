/* nfc - Unicode normalization form C, as Hugging Face tokenizers has it */
#include "nfc.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include "../base/arena.h"
#include "../base/utf8.h"
#include "uniprop.h"

#define SUSPECT (UNI_NFC_UNSAFE | UNI_COMBINING)
#define CP(x) ((x)&0xffffffu)
#define CLASS(x) ((x) >> 24)

void nfc_free(struct nfc_buf *b)
{
    free(b->text);
    free(b->cp);
    free(b->tmp);
    memset(b, 0, sizeof *b);
}

static uint32_t with_class(const uint16_t *prop, uint32_t c)
{
    uint32_t k = 0;

    if (prop[c] & UNI_COMBINING)
        k = (uint32_t)utf8proc_get_property((utf8proc_int32_t)c)
                ->combining_class;
    return k << 24 | c;
}

static void reserve_cp(struct nfc_buf *b, size_t n)
{
    if (n <= b->cp_cap)
        return;
    b->cp_cap = 2 * n + 64;
    b->cp = xrealloc(b->cp, b->cp_cap, sizeof *b->cp);
    b->tmp = xrealloc(b->tmp, b->cp_cap, sizeof *b->tmp);
}

/* Canonical decomposition of [p, end) into b->cp; gives the length. */
static size_t decompose(struct nfc_buf *b, const uint16_t *prop,
                        const unsigned char *p, const unsigned char *end)
{
    size_t n = 0;

    while (p < end) {
        utf8proc_int32_t d[16];
        utf8proc_ssize_t k = 1;
        uint32_t c;
        int boundclass = 0;

        p += utf8_next(p, &c);
        d[0] = (utf8proc_int32_t)c;
        /* safe characters too: U+00E9 before a cedilla comes apart */
        if (c >= 0xc0)
            k = utf8proc_decompose_char(d[0], d, 16, UTF8PROC_DECOMPOSE,
                                        &boundclass);
        if (k < 1 || k > 16)
            k = 1;
        /* a composite newer than the reference's tables stays whole */
        if (k > 1 && !(prop[c] & UNI_NFC_UNSAFE) &&
            !(prop[d[k - 1]] & UNI_NFC_UNSAFE)) {
            d[0] = (utf8proc_int32_t)c;
            k = 1;
        }
        reserve_cp(b, n + (size_t)k);
        for (utf8proc_ssize_t i = 0; i < k; i++)
            b->cp[n++] = with_class(prop, (uint32_t)d[i]);
    }
    return n;
}

/* Stable sort by class: insertion when short, else merging. */
static void sort_marks(uint32_t *v, uint32_t *tmp, size_t n)
{
    size_t h = n / 2, i, j, k;

    if (n < 16) {
        for (i = 1; i < n; i++) {
            uint32_t x = v[i];

            for (j = i; j && CLASS(v[j - 1]) > CLASS(x); j--)
                v[j] = v[j - 1];
            v[j] = x;
        }
        return;
    }
    sort_marks(v, tmp, h);
    sort_marks(v + h, tmp, n - h);
    memcpy(tmp, v, h * sizeof *v);
    for (i = 0, j = h, k = 0; i < h; k++)
        v[k] = j < n && CLASS(v[j]) < CLASS(tmp[i]) ? v[j++] : tmp[i++];
}

static void order(struct nfc_buf *b, size_t n)
{
    size_t i = 0, from;

    while (i < n) {
        if (!CLASS(b->cp[i])) {
            i++;
            continue;
        }
        from = i;
        while (i < n && CLASS(b->cp[i]))
            i++;
        sort_marks(b->cp + from, b->tmp, i - from);
    }
}

/* The composite of a and b, or 0. */
static uint32_t pair(const uint16_t *prop, uint32_t a, uint32_t b)
{
    utf8proc_int32_t v[2] = {(utf8proc_int32_t)a, (utf8proc_int32_t)b};

    if (!(prop[b] & UNI_NFC_UNSAFE))
        return 0;
    if (utf8proc_normalize_utf32(v, 2, UTF8PROC_COMPOSE | UTF8PROC_STABLE) != 1)
        return 0;
    return (uint32_t)v[0];
}

/* Unicode 3.11 D117: each mark not blocked joins the last starter. */
static size_t compose(struct nfc_buf *b, const uint16_t *prop, size_t n)
{
    size_t out = 0, starter = SIZE_MAX;
    uint32_t last = 0; /* class of the character before, kept ones only */

    for (size_t i = 0; i < n; i++) {
        uint32_t x = b->cp[i], c = 0;

        if (starter != SIZE_MAX &&
            (out - 1 == starter || (last && last < CLASS(x))))
            c = pair(prop, CP(b->cp[starter]), CP(x));
        if (c) {
            b->cp[starter] = c;
            continue;
        }
        if (!CLASS(x))
            starter = out;
        last = CLASS(x);
        b->cp[out++] = x;
    }
    return out;
}

static void append(struct nfc_buf *b, const char *s, size_t n)
{
    if (b->cap < b->n + n) {
        b->cap = 2 * (b->n + n) + 64;
        b->text = xrealloc(b->text, b->cap, 1);
    }
    if (n)
        memcpy(b->text + b->n, s, n);
    b->n += n;
}

static void rewrite(struct nfc_buf *b, const uint16_t *prop,
                    const unsigned char *p, const unsigned char *end)
{
    size_t n = decompose(b, prop, p, end);

    order(b, n);
    n = compose(b, prop, n);
    for (size_t i = 0; i < n; i++) {
        unsigned char u[4];
        int k = utf8_put(CP(b->cp[i]), u);

        append(b, (const char *)u, (size_t)k);
    }
}

/* First suspect character at or after p; *prev is the safe character before
 * it, where the segment that must be rewritten begins. */
static const unsigned char *find_suspect(const uint16_t *prop,
                                         const unsigned char *p,
                                         const unsigned char *end,
                                         const unsigned char **prev)
{
    *prev = p;
    while (p < end) {
        uint32_t c;
        uint64_t w;
        int k;

        while (end - p >= 9) { /* eight of ASCII at once */
            memcpy(&w, p, 8);
            if (w & 0x8080808080808080u)
                break;
            *prev = p + 7;
            p += 8;
        }
        if (*p < 0xcc) { /* below U+0300 all are safe */
            *prev = p;
            p += *p < 0x80 ? 1 : 2;
            continue;
        }
        k = utf8_next(p, &c);
        if (prop[c] & SUSPECT)
            break;
        *prev = p;
        p += k;
    }
    return p;
}

/* The next safe character at or after p, where a segment ends. *normal is
 * cleared unless all before it are marks in canonical order. */
static const unsigned char *segment_end(const uint16_t *prop,
                                        const unsigned char *p,
                                        const unsigned char *end, int *normal)
{
    uint32_t last = 0;

    *normal = 1;
    while (p < end) {
        uint32_t c, k;
        int len = utf8_next(p, &c);

        if (!(prop[c] & SUSPECT))
            break;
        k = CLASS(with_class(prop, c));
        if (prop[c] & UNI_NFC_UNSAFE || (k && k < last))
            *normal = 0;
        last = k;
        p += len;
    }
    return p;
}

const char *nfc_text(struct nfc_buf *b, const uint16_t *prop, const char *s,
                     size_t n, size_t *out_n)
{
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    const unsigned char *copied = p;

    b->n = 0;
    while (p < end) {
        const unsigned char *from, *at, *to;
        int normal;

        at = find_suspect(prop, p, end, &from);
        if (at == end)
            break;
        to = segment_end(prop, at, end, &normal);
        if (!normal) {
            append(b, (const char *)copied, (size_t)(from - copied));
            rewrite(b, prop, from, to);
            copied = to;
        }
        p = to;
    }
    *out_n = n;
    if (copied == (const unsigned char *)s)
        return s;
    append(b, (const char *)copied, (size_t)(end - copied));
    *out_n = b->n;
    return b->text;
}
