/* delta_section - sections through zstd, and the memory of a coder */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "delta_fold.h"
#include "delta_impl.h"

enum { LEVEL = 1 };

static int has_v3(void)
{
#if defined(__x86_64__)
    const char *isa = getenv("ULP_ISA");

    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
           !(isa && !strcmp(isa, "x86-64"));
#else
    return 0;
#endif
}

struct delta_coder *delta_coder_open(void)
{
    struct delta_coder *c = xcalloc(1, sizeof *c);

    c->v3 = has_v3();
    return c;
}

void delta_coder_close(struct delta_coder **c)
{
    if (!*c)
        return;
    ZSTD_freeCCtx((*c)->to);
    ZSTD_freeDCtx((*c)->from);
    free((*c)->gaps);
    free((*c)->planes);
    free((*c)->places);
    free(*c);
    *c = NULL;
}

size_t delta_most_gaps(size_t n)
{
    return n + n / 255 + 1;
}

static void *grow(void *p, size_t *most, size_t n)
{
    if (n <= *most)
        return p;
    free(p);
    *most = n;
    return xmalloc(n);
}

void delta_room(struct delta_coder *c, size_t n, size_t planes, size_t places)
{
    c->gaps = grow(c->gaps, &c->most_gaps, delta_most_gaps(n));
    c->planes = grow(c->planes, &c->most_planes, planes + 1);
    c->places = grow(c->places, &c->most_places, places * sizeof *c->places);
}

/* ---- sections ------------------------------------------------------- */

void delta_put_u32(struct buf *out, uint32_t v)
{
    uint8_t b[4];

    fold_store(b, v, 4);
    buf_put(out, b, 4);
}

void delta_put_section(struct delta_coder *c, struct buf *out, const uint8_t *p,
                       size_t n)
{
    size_t most = ZSTD_compressBound(n), z;
    char *size = buf_room(out, 4 + most);

    if (!c->to)
        c->to = ZSTD_createCCtx();
    z = c->to ? ZSTD_compressCCtx(c->to, size + 4, most, p, n, LEVEL) : 0;
    if (!c->to || ZSTD_isError(z))
        xmalloc_failed(most); /* its one cause: no memory */
    fold_store((uint8_t *)size, (uint32_t)z, 4);
    out->n += 4 + z;
}

int delta_get_u32(const uint8_t *in, size_t n_in, size_t *at, uint32_t *v)
{
    if (n_in - *at < 4)
        return -ERR_DATA;
    *v = fold_load(in + *at, 4);
    *at += 4;
    return 0;
}

int delta_get_section(struct delta_coder *c, const uint8_t *in, size_t n_in,
                      size_t *at, uint8_t *out, size_t most, size_t *n)
{
    uint32_t z;

    if (delta_get_u32(in, n_in, at, &z) || n_in - *at < z)
        return -ERR_DATA;
    if (!c->from)
        c->from = ZSTD_createDCtx();
    if (!c->from)
        xmalloc_failed(most);
    *n = ZSTD_decompressDCtx(c->from, out, most, in + *at, z);
    *at += z;
    return ZSTD_isError(*n) ? -ERR_DATA : 0;
}
