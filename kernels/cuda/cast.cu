/* cast - values of one type in another */
#include "dev.h"

KERNEL __launch_bounds__(256)
    cast_all(void *dst, enum dtype dt, const void *src, enum dtype st,
             size_t n, int wide)
{
    size_t octs = wide ? n / 8 : 0;

    WITH_TYPE(dt, D, WITH_TYPE(st, S, {
        for (size_t i = grid_at(); i < octs; i += grid_step()) {
            float x[8];

            get8(src, S, i * 8, x);
            put8(dst, D, i * 8, x);
        }
    }););
    for (size_t i = octs * 8 + grid_at(); i < n; i += grid_step())
        put(dst, dt, i, get(src, st, i));
}

OP(void, cast)(struct kernels *k, void *dst, enum dtype dt, const void *src,
               enum dtype st, size_t n)
{
    struct cuda *c = cuda_of(k);
    int wide = can_oct(dst) && can_oct(src);

    if (n == 0 || (dst == src && dt == st))
        return;
    if (dt == st)
        k->copy(k, dst, src, n * dtype_size(dt));
    else
        LAUNCH(c, cast_all, eights_blocks(c, n, wide), 256, 0, dst, dt, src, st,
               n, wide);
}
