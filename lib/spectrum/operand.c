/* operand - values of a weight file as float64 */
#include "operand.h"
#include "../../kernels/canon.h"

size_t operand_short(const struct operand *o)
{
    return o->rows < o->cols ? o->rows : o->cols;
}

size_t operand_long(const struct operand *o)
{
    return o->rows < o->cols ? o->cols : o->rows;
}

int operand_is_wide(const struct operand *o)
{
    return o->rows < o->cols;
}

static void widen(const void *from, enum dtype type, size_t at, size_t n,
                  double *out)
{
    const float *f = from;
    const uint16_t *h = from;

    if (type == DT_F32)
        for (size_t i = 0; i < n; i++)
            out[i] = (double)f[at + i];
    else if (type == DT_BF16)
        for (size_t i = 0; i < n; i++)
            out[i] = (double)canon_widen_bf16(h[at + i]);
    else
        for (size_t i = 0; i < n; i++)
            out[i] = (double)canon_widen_f16(h[at + i]);
}

void operand_values(const struct operand *o, size_t at, size_t n, double *out)
{
    double b[256];

    widen(o->a, o->type_a, at, n, out);
    for (size_t i = 0; o->b && i < n; i += 256) {
        size_t m = n - i < 256 ? n - i : 256;

        widen(o->b, o->type_b, at + i, m, b);
        for (size_t j = 0; j < m; j++)
            out[i + j] -= b[j];
    }
}

int operand_square(const struct operand *o, double *square)
{
    size_t n = o->rows * o->cols;
    int some = 0;
    double v[1024];

    *square = 0;
    for (size_t at = 0; at < n; at += 1024) {
        size_t m = n - at < 1024 ? n - at : 1024;
        double sum = 0;

        operand_values(o, at, m, v);
        for (size_t i = 0; i < m; i++) {
            sum += v[i] * v[i];
            some |= v[i] != 0;
        }
        *square += sum;
    }
    return some;
}

void operand_panel(const struct operand *o, size_t at, size_t n, double *out)
{
    if (!operand_is_wide(o)) {
        operand_values(o, at * o->cols, n * o->cols, out);
        return;
    }
    for (size_t r = 0; r < o->rows; r++)
        operand_values(o, r * o->cols + at, n, out + r * n);
}
