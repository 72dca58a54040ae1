/* rle - runs and bit-packed groups of small integers */
#include "rle.h"
#include "bits.h"

int rle_open(struct rle *r, const uint8_t *p, const uint8_t *end,
             unsigned width)
{
    *r = (struct rle){.p = p, .end = end, .width = width};
    return width > 32 ? -1 : 0;
}

/* The header of the next run, and its value or the extent of its group. */
static int next_run(struct rle *r)
{
    struct thrift t = {r->p, r->end, THRIFT_OK};
    uint64_t header = thrift_varint(&t), bytes;

    if (t.fault || header >> 1 == 0)
        return -1;
    r->p = t.p;
    r->at = 0;
    if (header & 1) {
        bytes = header >> 1; /* groups of 8 values: width bytes each */
        if (bytes > UINT32_MAX)
            return -1;
        r->left = bytes * 8;
        bytes *= r->width;
        /* the padding of the last group may be left out */
        if (bytes > (uint64_t)(r->end - r->p))
            bytes = (uint64_t)(r->end - r->p);
        if (r->width && !bytes)
            return -1;
        r->packed = r->p;
        r->n_packed = (size_t)bytes;
        r->p += bytes;
        return 0;
    }
    r->packed = NULL;
    r->left = header >> 1;
    r->value = 0;
    for (unsigned i = 0; i < (r->width + 7) / 8; i++) {
        if (r->p == r->end)
            return -1;
        r->value |= (uint32_t)*r->p++ << 8 * i;
    }
    return 0;
}

int rle_next(struct rle *r, uint32_t *v)
{
    if (!r->left && next_run(r))
        return -1;
    r->left--;
    if (!r->packed) {
        *v = r->value;
        return 0;
    }
    if ((r->at + 1) * r->width > (uint64_t)r->n_packed * 8)
        return -1;
    *v = (uint32_t)bits_get(r->packed, r->n_packed, r->width, r->at++);
    return 0;
}
