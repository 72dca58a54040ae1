/* text - a value of a column as JSON text */
#include "text.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "../base/json.h"
#include "../base/json_text.h"

static void put_float(struct buf *b, double v, int single)
{
    char out[32];

    if (!isfinite(v)) {
        buf_puts(b, "null");
        return;
    }
    if (v == floor(v) && fabs(v) < 1e16)
        snprintf(out, sizeof out, "%.1f", v); /* not 1e+15 */
    else if (single)
        json_f32(out, (float)v);
    else
        json_f64(out, v);
    buf_puts(b, out);
}

/* The unscaled digits, with a point before the last `scale` of them. */
static void put_digits(struct buf *b, const char *digits, int negative,
                       int scale)
{
    int n = (int)strlen(digits);

    buf_puts(b, negative ? "-" : "");
    if (n <= scale)
        buf_puts(b, "0");
    else
        buf_put(b, digits, (size_t)(n - scale));
    if (!scale)
        return;
    buf_puts(b, ".");
    for (int i = n; i < scale; i++)
        buf_puts(b, "0");
    buf_puts(b, n > scale ? digits + n - scale : digits);
}

/* A big-endian two's complement integer of up to 32 bytes. */
static const char *put_decimal(struct buf *b, const struct node *leaf,
                               const struct value *v)
{
    uint8_t x[32];
    char digits[80];
    size_t n = leaf->physical == P_INT32   ? 4
               : leaf->physical == P_INT64 ? 8
                                           : v->n,
           at = sizeof digits;
    int negative, more;

    if (n < 1 || n > sizeof x)
        return "a DECIMAL of more than 32 bytes";
    if (leaf->physical == P_INT32 || leaf->physical == P_INT64)
        for (size_t i = 0; i < n; i++)
            x[n - 1 - i] = (uint8_t)(v->bits >> 8 * i);
    else
        memcpy(x, v->p, n);
    negative = x[0] >> 7;
    for (size_t i = n, carry = 1; negative && i-- > 0;) {
        carry += (uint8_t)~x[i];
        x[i] = (uint8_t)carry;
        carry >>= 8;
    }
    digits[--at] = 0;
    do { /* divide by ten, from the top byte down */
        unsigned rest = 0;

        more = 0;
        for (size_t i = 0; i < n; i++) {
            rest = rest << 8 | x[i];
            x[i] = (uint8_t)(rest / 10);
            more |= x[i];
            rest %= 10;
        }
        digits[--at] = (char)('0' + rest);
    } while (more);
    put_digits(b, digits + at, negative, leaf->scale);
    return NULL;
}

/* JSON that was stored as text stands in the row as the value that it is. */
static const char *put_json(struct buf *b, const struct value *v)
{
    struct err ignored = {0};
    json_t *j;
    char *to;

    if (json_read_text(&j, (const char *)v->p, v->n, "", &ignored) < 0)
        return "is marked as JSON and is none";
    json_decref(j);
    to = buf_room(b, v->n);
    for (size_t i = 0; i < v->n; i++) /* a row is one line */
        to[i] = (char)(v->p[i] == '\n' || v->p[i] == '\r' ? ' ' : v->p[i]);
    b->n += v->n;
    return NULL;
}

static const char *put_number(struct buf *b, const struct node *leaf,
                              const struct value *v)
{
    uint32_t low = (uint32_t)v->bits;
    int is_32 = leaf->physical == P_INT32;
    double d;
    float f;

    switch (leaf->kind) {
    case KIND_INT:
        buf_printf(b, "%" PRId64,
                   is_32 ? (int64_t)(int32_t)low : (int64_t)v->bits);
        return NULL;
    case KIND_UINT:
        buf_printf(b, "%" PRIu64, is_32 ? low : v->bits);
        return NULL;
    case KIND_FLOAT:
        memcpy(&f, &low, sizeof f);
        put_float(b, (double)f, 1);
        return NULL;
    default:
        memcpy(&d, &v->bits, sizeof d);
        put_float(b, d, 0);
        return NULL;
    }
}

const char *text_value(struct buf *b, const struct node *leaf,
                       const struct value *v)
{
    switch (leaf->kind) {
    case KIND_NULL:
        return "a value in a column that has none";
    case KIND_BOOL:
        buf_puts(b, v->bits ? "true" : "false");
        return NULL;
    case KIND_TEXT:
        json_quote(b, (const char *)v->p, v->n);
        return NULL;
    case KIND_JSON:
        return put_json(b, v);
    case KIND_DECIMAL:
        return put_decimal(b, leaf, v);
    default:
        return put_number(b, leaf, v);
    }
}
