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

typedef float eight __attribute__((vector_size(32)));
typedef int32_t eight_int __attribute__((vector_size(32)));

/* c + the sum of eight products, as the hardware may give it. Products of
 * halves are exact in fp32, but for those under 2^-126. */
static float step(float c, const float *a, const float *b)
{
    eight x, y;
    eight_int bits, whole;
    int32_t most = (int32_t)(canon_bits(c) & 0x7FFFFFFF), s;
    float up;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    x *= y;
    bits = (eight_int)x & 0x7FFFFFFF;
    for (int i = 0; i < 8; i++)
        most = bits[i] > most ? bits[i] : most;
    if (most >= 0x7F800000 || most < 27 << 23) {
        /* not finite, or all too small for this */
        for (int i = 0; i < 8; i++)
            c += x[i];
        return c;
    }
    /* up makes the largest an integer of 24 bits */
    up = canon_float((uint32_t)(127 + 23 + 127 - (most >> 23)) << 23);
    whole = __builtin_convertvector(x * up, eight_int);
    s = (int32_t)(c * up);
    for (int i = 0; i < 8; i++)
        s += whole[i];
    for (; s >= 1 << 24 || s <= -(1 << 24); up *= 0.5f)
        s /= 2;
    return (float)s / up;
}

static float widen(int fp16, unsigned v, int i)
{
    uint16_t h = (uint16_t)(v >> 16 * i);

    return fp16 ? canon_widen_f16(h) : canon_widen_bf16(h);
}

void cudasim_mma(int fp16, float d[4], const unsigned a[4],
                 const unsigned b[2])
{
    int g = cudasim_lane() / 4, q = cudasim_lane() % 4;
    float mine[6][2], x[2][16], y[2][16]; /* rows of a, columns of b */
    unsigned turn;

    for (int i = 0; i < 12; i++)
        mine[i / 2][i % 2] = widen(fp16, i < 8 ? a[i / 2] : b[i / 2 - 4],
                                   i % 2);
    cudasim_offer(mine, sizeof mine, &turn);
    for (int i = 0; i < 4; i++) {
        const float(*row)[2] =
            (const float(*)[2])cudasim_offered(4 * g + i, turn);

        for (int k = 0; k < 4; k++)
            memcpy(&x[k % 2][k / 2 * 8 + 2 * i], row[k], sizeof row[k]);
        for (int n = 0; n < 2; n++) {
            const float(*column)[2] = (const float(*)[2])cudasim_offered(
                4 * (2 * q + n) + i, turn);

            for (int k = 0; k < 2; k++)
                memcpy(&y[n][k * 8 + 2 * i], column[4 + k],
                       sizeof column[k]);
        }
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
