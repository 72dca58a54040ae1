/* changes - the shorter of two forms */
#include "changes.h"
#include <string.h>

enum { AS_IT_IS, DIFFERENCE };

size_t changes_encode(struct delta_coder *c, struct buf *out,
                      const uint8_t *was, const uint8_t *now, size_t n,
                      int width)
{
    size_t bytes = n * (size_t)width, changed;
    char form = DIFFERENCE;

    out->n = 0;
    buf_put(out, &form, 1);
    changed = delta_encode(c, out, now, was, n, width);
    if (out->n > 1 + bytes) {
        out->n = 0;
        form = AS_IT_IS;
        buf_put(out, &form, 1);
        buf_put(out, now, bytes);
    }
    return changed;
}

int changes_apply(struct delta_coder *c, const void *in, size_t n_in,
                  uint8_t *values, size_t n, int width)
{
    const uint8_t *p = in;
    size_t bytes = n * (size_t)width, at = 1;

    if (!n_in || p[0] > DIFFERENCE)
        return -ERR_DATA;
    if (p[0] == AS_IT_IS) {
        if (n_in != 1 + bytes)
            return -ERR_DATA;
        memcpy(values, p + 1, bytes);
        return 0;
    }
    if (delta_decode(c, p, n_in, &at, values, n, width) || at != n_in)
        return -ERR_DATA;
    return 0;
}
