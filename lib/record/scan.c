/* scan - find the end of a msgpack object without building it */
#include <string.h>
#include "scan.h"

void scan_begin(struct scan *s)
{
    s->at = 0;
    s->depth = 0;
    s->left[0] = 1;
    s->why = "";
}

static uint64_t big_endian(const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

/* What one object's first byte says: bytes of the length that follows it,
 * bytes of payload, objects inside. */
struct head {
    size_t length_bytes;
    uint64_t payload, inside;
    int is_map, is_array;
};

static int read_head(struct head *h, const unsigned char *p, size_t n)
{
    unsigned c = p[0];
    uint64_t v;

    memset(h, 0, sizeof *h);
    if (c <= 0x7f || c >= 0xe0 || c == 0xc0 || c == 0xc2 || c == 0xc3)
        return 1;
    if (c == 0xc1 || (c >= 0xc7 && c <= 0xc9) || (c >= 0xd4 && c <= 0xd8))
        return -1;
    if (c >= 0xca && c <= 0xd3) {
        static const unsigned char size[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8};

        h->payload = size[c - 0xca];
        return 1;
    }
    if (c <= 0x9f || c >= 0xdc) {
        h->is_map = c <= 0x8f || c >= 0xde;
        h->is_array = !h->is_map;
        h->length_bytes = c <= 0x9f ? 0 : c == 0xdc || c == 0xde ? 2 : 4;
    } else if (c <= 0xbf) {
        h->payload = c & 0x1f;
        return 1;
    } else {
        /* bin 8 16 32 are c4 c5 c6, str 8 16 32 are d9 da db */
        h->length_bytes = (size_t)1 << (c <= 0xc6 ? c - 0xc4 : c - 0xd9);
    }
    if (n < 1 + h->length_bytes)
        return 0;
    v = h->length_bytes ? big_endian(p + 1, h->length_bytes) : c & 0x0f;
    if (h->is_map || h->is_array)
        h->inside = h->is_map ? 2 * v : v;
    else
        h->payload = v;
    return 1;
}

/* Bytes of an object that is a number, nil, a bool or a short string; 0: it is
 * something else. */
static size_t small_size(unsigned char c)
{
    static const unsigned char number[] = {5, 9, 2, 3, 5, 9, 2, 3, 5, 9};

    if (c <= 0x7f || c >= 0xe0 || c == 0xc0 || c == 0xc2 || c == 0xc3)
        return 1;
    if (c >= 0xca && c <= 0xd3)
        return number[c - 0xca];
    return c >= 0xa0 && c <= 0xbf ? (size_t)1 + (c & 0x1f) : 0;
}

/* Past small objects of one level, which no bound stops yet. */
static void pass_small(struct scan *s, const char *p, size_t n)
{
    uint64_t left = s->left[s->depth];
    size_t at = s->at, end = n < REC_MAX_BYTES ? n : REC_MAX_BYTES, size;

    while (left && at < end && (size = small_size((unsigned char)p[at])) &&
           end - at >= size) {
        at += size;
        left--;
    }
    s->at = at;
    s->left[s->depth] = left;
}

int scan_run(struct scan *s, const char *p, size_t n)
{
    while (s->depth >= 0) {
        struct head h;
        uint64_t size;
        int r;

        pass_small(s, p, n);
        if (!s->left[s->depth]) {
            s->depth--;
            continue;
        }
        if (s->at >= n)
            return 0;
        r = read_head(&h, (const unsigned char *)p + s->at, n - s->at);
        if (r < 0)
            s->why = (unsigned char)p[s->at] == 0xc1
                         ? "has a byte that msgpack never uses (0xc1)"
                         : "has an ext type, which records do not have";
        if (r <= 0)
            return r;
        size = 1 + h.length_bytes + h.payload;
        /* each object inside has one byte at least */
        if (size + h.inside > REC_MAX_BYTES - s->at) {
            s->why = "claims to be longer than 64 MiB";
            return -1;
        }
        if (n - s->at < size)
            return 0;
        if ((h.is_map || h.is_array) && s->depth == REC_MAX_DEPTH) {
            s->why = "is nested deeper than 30 levels";
            return -1;
        }
        s->at += size;
        s->left[s->depth]--;
        if (h.inside)
            s->left[++s->depth] = h.inside;
    }
    return 1;
}
