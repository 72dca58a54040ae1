/* kernels_ref - what the kernel tests share: backends by instruction set,
 * random arrays in any storage type, and a plain float64 reference for
 * matrix products, attention and softmax, written from the formulas alone.
 */
#ifndef ULP_KERNELS_REF_H
#define ULP_KERNELS_REF_H
#include <stdint.h>
#include "../../kernels/canon.h"
#include "../../kernels/kernels.h"
#include "t.h"

#define REF_FN static __attribute__((unused))

#ifndef REF_ORDER /* of sums, where they are not shuffled */
#define REF_ORDER ORDER_CANONICAL
#endif

/* A backend at an instruction set ("" = the default), or NULL when this
 * processor or build has not got it. */
REF_FN struct kernels *ref_open(const char *isa, int threads, uint64_t shuffle)
{
    struct k_order o = {shuffle ? ORDER_SHUFFLED : REF_ORDER, shuffle};
    struct kernels *k = NULL;
    struct err e = {0};

    setenv("ULP_ISA", isa, 1);
    if (kernels_open(&k, "cpu", threads, o, &e) < 0)
        k = NULL;
    setenv("ULP_ISA", "", 1);
    return k;
}

static uint64_t ref_state = 1;

REF_FN double ref_uniform(void) /* in [0, 1) */
{
    uint64_t z = ref_state += 0x9E3779B97F4A7C15ull;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

REF_FN double ref_normal(void)
{
    double u = ref_uniform() + 1e-18, v = ref_uniform();

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

REF_FN double ref_get(enum dtype t, const void *p, size_t i)
{
    if (t == DT_F32)
        return (double)((const float *)p)[i];
    if (t == DT_BF16)
        return (double)canon_widen_bf16(((const uint16_t *)p)[i]);
    return (double)canon_widen_f16(((const uint16_t *)p)[i]);
}

REF_FN void ref_put(enum dtype t, void *p, size_t i, double x)
{
    if (t == DT_F32)
        ((float *)p)[i] = (float)x;
    else if (t == DT_BF16)
        ((uint16_t *)p)[i] = canon_round_bf16((float)x);
    else
        ((uint16_t *)p)[i] = canon_round_f16((float)x);
}

/* n normal values times scale; free() it. */
REF_FN void *ref_random(enum dtype t, size_t n, double scale)
{
    void *p = malloc(n * dtype_size(t) + 1);

    for (size_t i = 0; i < n; i++)
        ref_put(t, p, i, scale * ref_normal());
    return p;
}

REF_FN void *ref_zeros(size_t bytes)
{
    return calloc(bytes + 1, 1);
}

/* Half the gap of the storage type, relative: what one rounding costs. */
REF_FN double ref_half_ulp(enum dtype t)
{
    return t == DT_F32 ? 0x1p-24 : t == DT_BF16 ? 0x1p-8 * 1.0 : 0x1p-11;
}

REF_FN struct k_weight *ref_weight(struct kernels *k, enum dtype t, int N,
                                   int K, const void *w)
{
    struct err e = {0};
    struct k_weight *W = k->weight_new(k, t, N, K,
                                       WEIGHT_FORWARD | WEIGHT_BACKWARD, &e);

    if (W)
        k->weight_set(k, W, w, t);
    return W;
}

REF_FN void ref_sync(struct kernels *k)
{
    struct err e = {0};

    if (k->sync(k, &e) != 0)
        t_fail(__FILE__, __LINE__, "sync: %s", e.msg);
}

static const char *const ref_isas[] = {"x86-64", "x86-64-v3", "x86-64-v4",
                                       "generic"};
enum { REF_N_ISAS = 4 };
static const enum dtype ref_types[] = {DT_F32, DT_BF16, DT_F16};

REF_FN int ref_sanitized(void)
{
    const char *s = getenv("SAN");

    return s && *s == '1';
}

/* Names the first byte that differs. */
REF_FN void ref_same(const char *what, const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;

    for (size_t i = 0; i < n; i++)
        if (p[i] != q[i]) {
            t_fail(__FILE__, __LINE__, "%s: byte %zu of %zu differs", what, i,
                   n);
            return;
        }
}

#endif
