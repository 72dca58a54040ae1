/* mma - tensor cores and asynchronous copies; see mma.h
 *
 * The sum of a product is what tensor cores were seen to do at worst (Fasi,
 * Higham, Mikaitis, Pranesh 2021, Numerical behavior of NVIDIA tensor cores):
 * exact products, eight at a time with the accumulator, all cut toward zero
 * at the 24th bit of the largest, then summed and cut again.
 */
#include <math.h>
#include <vector>
#include "cuda_runtime.h"
#include "memory.h"
#include "mma.h"
#include "../../kernels/canon.h"

static int exponent(double x)
{
    uint64_t u;

    memcpy(&u, &x, sizeof u);
    return (int)(u >> 52 & 0x7FF);
}

/* 2^e */
static double power(int e)
{
    uint64_t u = (uint64_t)(e + 1023) << 52;
    double x;

    memcpy(&x, &u, sizeof x);
    return x;
}

/* c + the sum of eight products, as the hardware may give it */
static float step(float c, const float *a, const float *b)
{
    double p[9], sum = c;
    int top = 0, plain = isfinite(c);
    int64_t s = 0;

    p[8] = c;
    for (int i = 0; i < 8; i++) {
        p[i] = (double)a[i] * b[i];
        sum += p[i];
        plain = plain && isfinite(p[i]);
    }
    if (!plain)
        return (float)sum;
    for (int i = 0; i < 9; i++)
        if (p[i] != 0 && exponent(p[i]) > top)
            top = exponent(p[i]);
    if (top == 0)
        return (float)sum;
    top -= 1023;
    for (int i = 0; i < 9; i++)
        s += (int64_t)(p[i] * power(23 - top));
    for (int cut = 1; s / cut >= 1 << 24 || s / cut <= -(1 << 24);) {
        cut *= 2;
        s = s / cut * cut;
    }
    return (float)((double)s * power(top - 23));
}

static float widen(int fp16, unsigned v, int i)
{
    uint16_t h = (uint16_t)(v >> 16 * i);

    return fp16 ? canon_widen_f16(h) : canon_widen_bf16(h);
}

void cudasim_mma(int fp16, float d[4], const unsigned a[4],
                 const unsigned b[2])
{
    unsigned all[6] = {a[0], a[1], a[2], a[3], b[0], b[1]}, turn;
    int g = cudasim_lane() / 4, q = cudasim_lane() % 4;
    float x[2][16], y[2][16];

    cudasim_offer(all, sizeof all, &turn);
    for (int k = 0; k < 16; k++)
        for (int i = 0; i < 2; i++) {
            const unsigned *ra =
                (const unsigned *)cudasim_offered(4 * g + k % 8 / 2, turn);
            const unsigned *cb = (const unsigned *)cudasim_offered(
                4 * (2 * q + i) + k % 8 / 2, turn);

            x[i][k] = widen(fp16, ra[2 * (k / 8) + i], k % 2);
            y[i][k] = widen(fp16, cb[4 + k / 8], k % 2);
        }
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 16; k += 8)
            d[i] = step(d[i], x[i / 2] + k, y[i % 2] + k);
}

void cudasim_ldmatrix(int n, int trans, unsigned *r, const void *row)
{
    uint16_t mine[8] = {0};
    int lane = cudasim_lane();
    unsigned turn;

    if (lane < 8 * n) {
        if ((uintptr_t)row % 16)
            cudasim_stop("ldmatrix: a row that is not a multiple of 16 bytes");
        if (!cudasim_in_shared(row, 16))
            cudasim_stop("ldmatrix: a row outside of shared memory");
        memcpy(mine, row, sizeof mine);
    }
    cudasim_offer(mine, sizeof mine, &turn);
    for (int m = 0; m < n; m++) {
        int i = lane / 4, j = lane % 4 * 2;
        uint16_t h[2];

        for (int e = 0; e < 2; e++) {
            int from = 8 * m + (trans ? j + e : i);

            h[e] = ((const uint16_t *)cudasim_offered(from, turn))
                [trans ? i : j + e];
        }
        r[m] = (unsigned)h[0] | (unsigned)h[1] << 16;
    }
}

/* ---- asynchronous copies ---- */
struct copy {
    char *dst;
    const char *src;
    int n, bytes;
};
struct thread_copies {
    std::vector<struct copy> copies; /* not yet waited for, oldest first */
    std::vector<size_t> groups;      /* copies in each committed group */
    size_t open;                     /* not yet committed */
};
static struct thread_copies threads[1024];

void cudasim_cp_forget(int thread)
{
    threads[thread].copies.clear();
    threads[thread].groups.clear();
    threads[thread].open = 0;
}

void cudasim_cp_async(int n, void *dst, const void *src, int bytes)
{
    struct thread_copies *t = &threads[cudasim_current()];
    struct copy c = {(char *)dst, (const char *)src, n, bytes};

    if ((uintptr_t)dst % (unsigned)n || (uintptr_t)src % (unsigned)n)
        cudasim_stop("cp.async: an address that is not a multiple of its size");
    if (!cudasim_in_shared(dst, (size_t)n))
        cudasim_stop("cp.async: a destination outside of shared memory");
    if (bytes < 0 || bytes > n ||
        (bytes && !memory_inside(src, (size_t)bytes)))
        cudasim_stop("cp.async: a source outside of device memory");
    memset(dst, 0xFF, (size_t)n);
    t->copies.push_back(c);
    t->open++;
}

void cudasim_cp_commit(void)
{
    struct thread_copies *t = &threads[cudasim_current()];

    t->groups.push_back(t->open);
    t->open = 0;
}

void cudasim_cp_wait(int newest)
{
    struct thread_copies *t = &threads[cudasim_current()];

    while (t->groups.size() > (size_t)newest) {
        for (size_t i = 0; i < t->groups[0]; i++) {
            const struct copy *c = &t->copies[i];

            memset(c->dst, 0, (size_t)c->n);
            memcpy(c->dst, c->src, (size_t)c->bytes);
        }
        t->copies.erase(t->copies.begin(),
                        t->copies.begin() + (long)t->groups[0]);
        t->groups.erase(t->groups.begin());
    }
}
