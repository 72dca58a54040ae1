/* unpack - msgpack objects out of bytes; see unpack.h */
#include <string.h>
#include "unpack.h"

/* A string of less than 256 bytes. 0: something else, or cut off. */
static int short_str(const char *p, size_t n, size_t *off, msgpack_object *o)
{
    size_t at = *off, size;
    unsigned char c;

    if (n - at < 2)
        return 0;
    c = (unsigned char)p[at++];
    if (c >= 0xa0 && c <= 0xbf)
        size = c & 0x1f;
    else if (c == 0xd9)
        size = (unsigned char)p[at++];
    else
        return 0;
    if (n - at < size)
        return 0;
    o->type = MSGPACK_OBJECT_STR;
    o->via.str.ptr = p + at;
    o->via.str.size = (uint32_t)size;
    *off = at + size;
    return 1;
}

static uint32_t big_endian(const unsigned char *p, int n)
{
    uint32_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

/* The bytes of the number at p: fp32, or an integer that is not negative and of
 * 32 bits at most, or negative and of one byte. 0: something else, or cut off.
 */
static size_t number(const unsigned char *p, size_t n, msgpack_object *o)
{
    unsigned char c = p[0];
    uint32_t bits;
    float v;

    if (c == 0xca && n >= 5) {
        bits = big_endian(p + 1, 4);
        memcpy(&v, &bits, sizeof v);
        o->type = MSGPACK_OBJECT_FLOAT32;
        o->via.f64 = (double)v;
        return 5;
    }
    if (c >= 0xe0) {
        o->type = MSGPACK_OBJECT_NEGATIVE_INTEGER;
        o->via.i64 = (signed char)c;
        return 1;
    }
    o->type = MSGPACK_OBJECT_POSITIVE_INTEGER;
    if (c <= 0x7f) {
        o->via.u64 = c;
        return 1;
    }
    for (int i = 0; i < 3; i++) /* uint8, uint16, uint32 */
        if (c == 0xcc + i && n > (size_t)1 << i) {
            o->via.u64 = big_endian(p + 1, 1 << i);
            return (size_t)1 + ((size_t)1 << i);
        }
    return 0;
}

/* An array of less than 65536 such numbers. 0: something else, cut off, or no
 * memory. */
static int numbers(const char *p, size_t n, size_t *off, msgpack_zone *zone,
                   msgpack_object *o)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t at = *off, size, one;
    msgpack_object first, *v;

    if (n - at >= 4 && u[at] == 0xdc) {
        size = big_endian(u + at + 1, 2);
        at += 3;
    } else if (n - at >= 2 && u[at] >= 0x90 && u[at] <= 0x9f) {
        size = u[at++] & 0x0f;
    } else {
        return 0;
    }
    /* each has one byte at least */
    if (!size || size > n - at || !number(u + at, n - at, &first))
        return 0;
    v = msgpack_zone_malloc(zone, size * sizeof *v);
    if (!v)
        return 0;
    for (size_t i = 0; i < size; i++, at += one) {
        one = at < n ? number(u + at, n - at, &v[i]) : 0;
        if (!one)
            return 0; /* the zone keeps v until the record is cleared */
    }
    o->type = MSGPACK_OBJECT_ARRAY;
    o->via.array.size = (uint32_t)size;
    o->via.array.ptr = v;
    *off = at;
    return 1;
}

int unpack_object(const char *p, size_t n, size_t *off, msgpack_zone *zone,
                  msgpack_object *o, struct err *e)
{
    int r;

    if (short_str(p, n, off, o) || numbers(p, n, off, zone, o))
        return 0;
    r = msgpack_unpack(p, n, off, zone, o);
    if (r == MSGPACK_UNPACK_SUCCESS || r == MSGPACK_UNPACK_EXTRA_BYTES)
        return 0;
    return r == MSGPACK_UNPACK_NOMEM_ERROR
               ? err_memory(e, "out of memory")
               : err_set(e, ERR_DATA, "is not valid msgpack");
}
