/* event - protobuf's encoding and the TFRecord around it */
#include <string.h>
#include "event.h"

/* ---- CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) --------------- */

static uint32_t crc32c(const void *p, size_t n)
{
    static uint32_t table[256];
    const unsigned char *s = p;
    uint32_t c = ~0u;

    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            table[i] = i;
            for (int k = 0; k < 8; k++)
                table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78u : 0);
        }
    while (n--)
        c = c >> 8 ^ table[(c ^ *s++) & 255];
    return ~c;
}

/* A CRC of bytes that hold their own CRC is no check: TFRecord rotates it and
 * adds a constant. */
static uint32_t masked(const void *p, size_t n)
{
    uint32_t c = crc32c(p, n);

    return (c >> 15 | c << 17) + 0xa282ead8u;
}

static void little(struct buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++, v >>= 8) {
        unsigned char c = (unsigned char)v;

        buf_put(b, &c, 1);
    }
}

static void put_record(struct buf *file, const struct buf *event)
{
    size_t at = file->n;

    little(file, event->n, 8);
    little(file, masked(file->p + at, 8), 4);
    buf_put(file, event->p, event->n);
    little(file, masked(event->p, event->n), 4);
}

/* ---- protobuf: field numbers with a wire type, then the value ------------ */

enum { VARINT = 0, BITS_64 = 1, BYTES = 2, BITS_32 = 5 };

static void varint(struct buf *b, uint64_t v)
{
    for (; v > 127; v >>= 7)
        little(b, (v & 127) | 128, 1);
    little(b, v, 1);
}

static void key(struct buf *b, unsigned field, unsigned type)
{
    varint(b, field << 3 | type);
}

static void put_bytes(struct buf *b, unsigned field, const void *p, size_t n)
{
    key(b, field, BYTES);
    varint(b, n);
    buf_put(b, p, n);
}

/* proto3 leaves out what is 0. */
static void put_time(struct buf *b, double wall_time, int64_t step)
{
    uint64_t bits;

    memcpy(&bits, &wall_time, 8);
    if (bits) {
        key(b, 1, BITS_64);
        little(b, bits, 8);
    }
    if (step) {
        key(b, 2, VARINT);
        varint(b, (uint64_t)step);
    }
}

void event_version(struct buf *file)
{
    static const char version[] = "brain.Event:2";
    struct buf b = {0};

    put_bytes(&b, 3, version, sizeof version - 1);
    put_record(file, &b);
    buf_free(&b);
}

void event_open(struct event *v, double wall_time, int64_t step)
{
    *v = (struct event){.wall_time = wall_time, .step = step};
}

void event_scalar(struct event *v, const char *tag, float value)
{
    struct buf b = {0};
    uint32_t bits;

    memcpy(&bits, &value, 4);
    put_bytes(&b, 1, tag, strlen(tag));
    key(&b, 2, BITS_32); /* one of several kinds of value: 0 is written too */
    little(&b, bits, 4);
    put_bytes(&v->summary, 1, b.p, b.n);
    buf_free(&b);
}

void event_close(struct event *v, struct buf *file)
{
    struct buf b = {0};

    put_time(&b, v->wall_time, v->step);
    put_bytes(&b, 5, v->summary.p, v->summary.n);
    put_record(file, &b);
    buf_free(&b);
    buf_free(&v->summary);
}
