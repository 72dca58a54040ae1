/* delta - DELTA_BINARY_PACKED integers */
#include "delta.h"
#include <stddef.h>
#include "bits.h"

int delta_open(struct delta *d, const uint8_t *p, const uint8_t *end)
{
    uint64_t block;

    *d = (struct delta){.t = {p, end, THRIFT_OK}};
    block = thrift_varint(&d->t);
    d->n_miniblocks = thrift_varint(&d->t);
    d->total = thrift_varint(&d->t);
    d->value = (uint64_t)thrift_zigzag(&d->t);
    if (d->t.fault || !block || block > 1 << 24 || !d->n_miniblocks ||
        d->n_miniblocks > block || block % d->n_miniblocks)
        return -1;
    d->per_miniblock = block / d->n_miniblocks;
    return d->per_miniblock % 8 ? -1 : 0;
}

/* The next block's header. */
static int next_block(struct delta *d)
{
    d->min = (uint64_t)thrift_zigzag(&d->t);
    if (d->t.fault || d->n_miniblocks > (uint64_t)(d->t.end - d->t.p))
        return -1;
    d->widths = d->t.p;
    d->t.p += d->n_miniblocks;
    d->miniblock = 0;
    return 0;
}

/* The next miniblock's bytes, in this block or the next. */
static int next_miniblock(struct delta *d)
{
    uint64_t bytes;

    if ((!d->widths || ++d->miniblock == d->n_miniblocks) && next_block(d))
        return -1;
    if (d->widths[d->miniblock] > 64)
        return -1;
    bytes = d->per_miniblock / 8 * d->widths[d->miniblock];
    if (bytes > (uint64_t)(d->t.end - d->t.p))
        return -1;
    d->packed = d->t.p;
    d->t.p += bytes;
    d->at = 0;
    return 0;
}

int delta_next(struct delta *d, int64_t *v)
{
    if (d->given == d->total)
        return -1;
    if (d->given++) {
        if ((!d->packed || d->at == d->per_miniblock) && next_miniblock(d))
            return -1;
        d->value += d->min + bits_get(d->packed, (size_t)(d->t.p - d->packed),
                                      d->widths[d->miniblock], d->at++);
    }
    *v = (int64_t)d->value;
    return 0;
}

const uint8_t *delta_end(const struct delta *d)
{
    struct delta ahead = *d;
    uint64_t n = d->total ? d->total - 1 : 0;

    while (n) {
        if (next_miniblock(&ahead))
            return NULL;
        n -= n < d->per_miniblock ? n : d->per_miniblock;
    }
    return ahead.t.p;
}
