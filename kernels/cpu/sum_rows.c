/* sum_rows - rows gathered, and summed where several have the same place */
#include <string.h>
#include "cpu.h"
#include "simd.h"

struct job {
    struct cpu *c;
    enum dtype t;
    void *y;
    const void *x;
    struct k_sums s;
};

/* n bytes of src, or +0 where there is none; a row is short for a call. */
INLINE void put_row(char *dst, const char *src, size_t n)
{
    if (n % (VW * sizeof(float))) {
        if (src)
            memcpy(dst, src, n);
        else
            memset(dst, 0, n);
        return;
    }
    for (size_t i = 0; i < n; i += VW * sizeof(float))
        vf_store((float *)(void *)(dst + i),
                 src ? vf_load((const float *)(const void *)(src + i))
                     : vf_set1(0.0f));
}

static void term(const struct job *j, int32_t i, float *sum, float *buf,
                 int first)
{
    long w = j->s.width, skip = i < 0 ? j->s.skip : 0;
    const float *v = i < 0 ? j->s.carried + (size_t)~i * (size_t)(w - skip)
                           : cpu_row(j->t, j->x, (size_t)i * (size_t)w,
                                     (size_t)w, buf);

    if (first) {
        memset(sum, 0, (size_t)skip * sizeof *sum);
        memcpy(sum + skip, v, (size_t)(w - skip) * sizeof *sum);
        return;
    }
    for (long h = 0; h < skip; h++)
        sum[h] += 0.0f;
    for (long h = skip; h < w; h++)
        sum[h] += v[h - skip];
}

/* Rows from r on, below hi, that are copies of rows following each other. */
static long copied(const struct k_sums *s, long r, long hi)
{
    int32_t a = s->off[r];
    long n = 0;

    hi = hi < s->T ? hi : s->T;
    while (r + n < hi && s->off[r + n] == a + n &&
           s->off[r + n + 1] == a + n + 1 && s->src[a] >= 0 &&
           s->src[a + n] == s->src[a] + n)
        n++;
    return n;
}

static void rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_sums *s = &j->s;
    size_t w = (size_t)s->width, bytes = w * dtype_size(j->t);
    float *sum = cpu_worker(j->c, worker, W_ROW, 2 * w * sizeof *sum);

    for (long r = lo, all; sum && r < hi; r += all ? all : 1) {
        int32_t a = s->off[r], n = s->off[r + 1] - a;
        char *y = AT_W(j->y, j->t, (size_t)r * w);

        all = copied(s, r, hi);
        if (all) {
            put_row(y, AT(j->x, j->t, (size_t)s->src[a] * w),
                    (size_t)all * bytes);
        } else if (r < s->T && n == 0) {
            put_row(y, NULL, bytes);
        } else {
            if (!n)
                memset(sum, 0, w * sizeof *sum);
            for (int32_t i = 0; i < n; i++)
                term(j, s->src[a + i], sum, sum + w, i == 0);
            if (r < s->T)
                NAME(narrow)(y, j->t, sum, w);
            else
                memcpy(s->carry + (size_t)(r - s->T) * (w - (size_t)s->skip),
                       sum + s->skip, (w - (size_t)s->skip) * sizeof *sum);
        }
    }
}

OP(void, sum_rows)(struct kernels *k, enum dtype t, void *y, const void *x,
                   struct k_sums s)
{
    struct job j = {cpu_of(k), t, y, x, s};

    cpu_for(j.c, s.n, s.width, rows, &j);
}
