/* cuda_hw - what the tests of order=hardware share: the simulator opened
 * under it, tensors that live on both sides, and a comparison with float64
 * under a bound for each element
 *
 * order=hardware promises no bits, so a test computes in double from the very
 * values that the device was given (already rounded to their type) and
 * reasons a bound for each result: half a unit of the storage type for each
 * rounding, and n * 2^-24 * sum |terms| for a sum of n terms in fp32.
 */
#ifndef ULP_CUDA_HW_TEST_H
#define ULP_CUDA_HW_TEST_H
#include "../cudasim/cudasim.h"
#include "kernels_ref.h"

static struct kernels *hw_k; /* the backend of the running test */

/* A tensor of n values: host holds what the device was given. */
struct hw_t {
    enum dtype t;
    size_t n;
    void *host, *dev;
};

/* Open the simulator under order=hardware as hw_k; NULL when it failed. */
REF_FN struct kernels *hw_sim(void)
{
    struct k_order o = {ORDER_HARDWARE, 0};
    struct err e = {0};

    hw_k = NULL;
    if (kernels_open(&hw_k, "cuda", 0, o, &e) != 0)
        t_fail(__FILE__, __LINE__, "open: %s", e.msg);
    return hw_k;
}

/* Sync, close, and see that nothing on the device is still held. */
REF_FN void hw_done(void)
{
    if (!hw_k)
        return;
    ref_sync(hw_k);
    kernels_close(&hw_k);
    T_EQ_INT(cudasim_in_use(), 0);
}

REF_FN void *hw_alloc(size_t n)
{
    struct err e = {0};
    void *p = hw_k->alloc(hw_k, n ? n : 1, &e);

    if (!p) {
        printf("not ok alloc: %s\n", e.msg);
        exit(1);
    }
    return p;
}

/* Takes over host, a malloc of n values of type t. */
REF_FN struct hw_t hw_of(enum dtype t, size_t n, void *host)
{
    struct hw_t v = {t, n, host, hw_alloc(n * dtype_size(t))};

    hw_k->upload(hw_k, v.dev, host, n * dtype_size(t));
    return v;
}

/* n normal values times scale. */
REF_FN struct hw_t hw_random(enum dtype t, size_t n, double scale)
{
    return hw_of(t, n, ref_random(t, n, scale));
}

REF_FN struct hw_t hw_zeros(enum dtype t, size_t n)
{
    return hw_of(t, n, ref_zeros(n * dtype_size(t)));
}

/* Element i of what the device was given, or last gave. */
REF_FN double hw_at(const struct hw_t *v, size_t i)
{
    return ref_get(v->t, v->host, i);
}

/* Bring the device's values to host, in place of what was given. */
REF_FN void hw_fetch(struct hw_t *v)
{
    hw_k->download(hw_k, v->host, v->dev, v->n * dtype_size(v->t));
}

REF_FN void hw_drop(struct hw_t *v)
{
    hw_k->free(hw_k, v->dev);
    free(v->host);
    memset(v, 0, sizeof *v);
}

/* A weight [N][K] of type t, and its values. */
REF_FN struct k_weight *hw_weight(struct hw_t *w, enum dtype t, int N, int K,
                                  double scale)
{
    *w = hw_random(t, (size_t)N * (size_t)K, scale);
    return ref_weight(hw_k, t, N, K, w->dev);
}

/* What a stored value may lose by one rounding to type t, at x. The least
 * normal number's share stands for subnormals. */
REF_FN double hw_rounding(enum dtype t, double x)
{
    double tiny = t == DT_F16 ? 0x1p-25 : 0x1p-133;

    return fabs(x) * ref_half_ulp(t) + tiny;
}

/* |got - want| <= bound, element by element; bound[i] is what the arithmetic
 * may lose before the store, and one rounding to got's type is added. Says
 * which element is furthest out. Fetches got. */
REF_FN void hw_close(const char *what, struct hw_t *got, const double *want,
                     const double *bound)
{
    double worst = 0;
    size_t at = 0;

    hw_fetch(got);
    for (size_t i = 0; i < got->n; i++) {
        double b = bound[i] + hw_rounding(got->t, fabs(want[i]) + bound[i]);
        double d = fabs(hw_at(got, i) - want[i]), r = d / b;

        if (!(r <= worst)) { /* a NaN too */
            worst = r;
            at = i;
            if (!(r <= 1))
                break;
        }
    }
    T_CHECKF(worst <= 1,
             "%s (type %d): element %zu of %zu is %.9g, float64 "
             "%.9g, bound %.3g",
             what, (int)got->t, at, got->n, hw_at(got, at), want[at],
             bound[at]);
}

#endif
