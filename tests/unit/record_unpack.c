/* record_unpack - short strings and arrays of numbers come out as msgpack-c
 * builds them; so does what is neither, and what is cut off is refused */
#include "../../lib/base/rng.h"
#include "../../lib/record/unpack.h"
#include "t.h"

static int same(const msgpack_object *a, const msgpack_object *b)
{
    if (a->type != b->type)
        return 0;
    switch (a->type) {
    case MSGPACK_OBJECT_STR:
        return a->via.str.size == b->via.str.size &&
               (!a->via.str.size || a->via.str.ptr == b->via.str.ptr);
    case MSGPACK_OBJECT_ARRAY:
        if (a->via.array.size != b->via.array.size)
            return 0;
        for (uint32_t i = 0; i < a->via.array.size; i++)
            if (!same(&a->via.array.ptr[i], &b->via.array.ptr[i]))
                return 0;
        return 1;
    case MSGPACK_OBJECT_NIL:
        return 1;
    case MSGPACK_OBJECT_BOOLEAN:
        return a->via.boolean == b->via.boolean;
    case MSGPACK_OBJECT_MAP:
        return a->via.map.size == b->via.map.size;
    case MSGPACK_OBJECT_BIN:
        return a->via.bin.size == b->via.bin.size;
    case MSGPACK_OBJECT_EXT:
        return a->via.ext.size == b->via.ext.size;
    default: /* numbers: all bits */
        return a->via.u64 == b->via.u64;
    }
}

/* The object at p + first, of n bytes in all, by both. */
static int one(const char *p, size_t n, size_t first)
{
    msgpack_zone own, theirs;
    msgpack_object a, b;
    size_t at = first, want = first;
    struct err e;
    int r, ok;

    msgpack_zone_init(&own, 256);
    msgpack_zone_init(&theirs, 256);
    r = msgpack_unpack(p, n, &want, &theirs, &b);
    r = r == MSGPACK_UNPACK_SUCCESS || r == MSGPACK_UNPACK_EXTRA_BYTES;
    ok = unpack_object(p, n, &at, &own, &a, &e)
             ? !r
             : r && at == want && same(&a, &b);
    msgpack_zone_destroy(&own);
    msgpack_zone_destroy(&theirs);
    return ok;
}

/* Arrays and maps that say 32 bits of a count are left out: msgpack-c takes
 * memory for as many as they say, gigabytes here, before it reads one. In a
 * stream scan.h has refused them. */
static int count32(int c)
{
    return c == 0xdd || c == 0xdf;
}

/* Every first byte of an object, of an array's element, and every length. */
static void each_first_byte(void)
{
    char p[300];

    for (int c = 0; c < 256; c++) {
        if (count32(c))
            continue;
        for (int i = 0; i < 300; i++)
            p[i] = (char)(7 * i + 1);
        p[0] = (char)c;
        for (size_t n = 1; n < 300; n++)
            T_CHECKF(one(p, n, 0), "%02x in %zu bytes", c, n);
        p[1] = (char)c;
        for (int size = 1; size < 3; size++) {
            p[0] = (char)(0x90 + size);
            for (size_t n = 1; n < 30; n++)
                T_CHECKF(one(p, n, 0), "%d of %02x in %zu bytes", size, c, n);
        }
    }
}

static void random_arrays(void)
{
    static const unsigned char number[] = {0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf,
                                           0xd0, 0xd1, 0xd2, 0xd3, 0xc0, 0xc2};
    struct rng r;
    char p[400];

    rng_init(&r, 1, 0);
    for (int k = 0; k < 20000; k++) {
        size_t n = 1 + (size_t)rng_below(&r, sizeof p - 1);
        size_t first = (size_t)rng_below(&r, 3);

        for (size_t i = 0; i < n; i++) {
            int c = (int)rng_below(&r, rng_below(&r, 4) ? 128 : 256);

            p[i] = (char)(count32(c) ? 0 : c);
        }
        for (size_t i = first + 4; i + 5 < n; i += 1 + rng_below(&r, 9))
            p[i] = (char)number[rng_below(&r, k % 2 ? 1 : 12)];
        first = first < n ? first : 0;
        p[first] = (char)(k % 3 ? 0x90 + rng_below(&r, 16) : 0xdc);
        if (first + 2 < n && !(k % 3))
            p[first + 1] = 0;
        T_CHECKF(one(p, n, first), "bytes of draw %d", k);
    }
}

int main(void)
{
    T_RUN(each_first_byte);
    T_RUN(random_arrays);
    T_DONE();
}
