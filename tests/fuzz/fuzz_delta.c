/* fuzz_delta - chunks of hostile bytes, and values that must come back
 *
 * A first byte of the width and the way, then values, then a chunk. What is
 * decoded may be an error but must end where delta_skip does; values that are
 * coded must come back.
 */
#include <stdlib.h>
#include <string.h>
#include "../../lib/base/arena.h"
#include "../../lib/model/delta_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t size);

static void hostile(struct delta_coder *c, const uint8_t *p, size_t size,
                    int width)
{
    size_t n = size ? p[0] : 0, at = 0, skip = 0;
    uint8_t *values;

    if (!size || size - 1 < n * (size_t)width)
        return;
    p++;
    size--;
    values = xmalloc(n * (size_t)width + 1);
    memcpy(values, p, n * (size_t)width);
    p += n * (size_t)width;
    size -= n * (size_t)width;
    if (!delta_decode(c, p, size, &at, values, n, width) &&
        (delta_skip(p, size, &skip, width) || skip != at))
        abort();
    free(values);
}

static void round_trip(struct delta_coder *c, const uint8_t *p, size_t size,
                       int width)
{
    size_t n = size / 2 / (size_t)width, bytes = n * (size_t)width, at = 0;
    uint8_t *back = xmalloc(bytes + 1);
    struct buf out = {0};
    const uint8_t *that = p + bytes;

    delta_encode(c, &out, p, that, n, width);
    memcpy(back, that, bytes);
    if (delta_decode(c, (const uint8_t *)out.p, out.n, &at, back, n, width) ||
        at != out.n || memcmp(back, p, bytes))
        abort();
    free(back);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t size)
{
    struct delta_coder *c = delta_coder_open();
    int width;

    if (size) {
        width = p[0] & 1 ? 2 : 4;
        (p[0] & 2 ? hostile : round_trip)(c, p + 1, size - 1, width);
    }
    delta_coder_close(&c);
    return 0;
}
