/* sum_rows - rows gathered, and summed where several have the same place (twin:
 * sum_rows) */
#include "dev.h"

KERNEL add_rows(void *y, enum dtype t, const void *x, struct k_sums s,
                int wide)
{
    long r = blockIdx.x, w = s.width, cols = w - s.skip;
    int32_t a = s.off[r], b = s.off[r + 1];
    size_t to = (size_t)(r * w);

    if (wide && r < s.T && b == a + 1 && s.src[a] >= 0) { /* a copy */
        size_t from = (size_t)s.src[a] * (size_t)w;

        for (long h = (long)threadIdx.x * 8; h < w; h += (long)blockDim.x * 8)
            store8(y, t, to + (size_t)h, load8(x, t, from + (size_t)h));
        return;
    }
    for (long h = threadIdx.x; h < w; h += blockDim.x) {
        float sum = 0.0f;
        int first = 1;

        for (int32_t i = a; i < b; i++) {
            int32_t at = s.src[i];
            float v = at >= 0       ? get(x, t, (size_t)(at * w + h))
                      : h >= s.skip ? s.carried[~at * cols + h - s.skip]
                                    : 0.0f;

            sum = first ? v : sum + v;
            first = 0;
        }
        if (r < s.T)
            put(y, t, to + (size_t)h, sum);
        else if (h >= s.skip)
            s.carry[(r - s.T) * cols + h - s.skip] = sum;
    }
}

OP(void, sum_rows)(struct kernels *k, enum dtype t, void *y, const void *x,
                   struct k_sums s)
{
    struct cuda *c = cuda_of(k);
    int wide = s.width % 8 == 0 && can_oct(x) && can_oct(y);

    if (s.n > 0)
        LAUNCH(c, add_rows, (unsigned)s.n, 128, 0, y, t, x, s, wide);
}
