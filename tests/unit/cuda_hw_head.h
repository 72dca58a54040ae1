/* cuda_hw_head - heads whose logits a test chooses, and their float64 sums
 *
 * Rows of x are one-hot, so that any product makes exactly the logits that
 * the test chose, rounded already: what is measured is the kernels behind it.
 * Bounds: a term 2^d, d = (l - m) / (T ln 2), has a relative error of at most
 * 2^-22 (ex2.approx) + 6 |d| 2^-24 (difference, product and its constant);
 * sums are of at most 8 terms, then one for each 256 of a warp's ids (perhaps
 * scaled down by such a factor each time), then of the threads by trees.
 */
#ifndef ULP_CUDA_HW_HEAD_TEST_H
#define ULP_CUDA_HW_HEAD_TEST_H
#include "../../kernels/head.h"
#include "cuda_hw.h"

enum { H = 8, ROWS = 11 };
extern size_t cudasim_hw_head_bytes;

static const int vocab[] = {1, 7, 33, 257, 2049, 5003};
static const char *const how[] = {"forward", "in reverse", "at random"};

/* Large vocabularies take long under a sanitizer: one type of each. */
REF_FN int quick(int i, int t)
{
    return !ref_sanitized() || vocab[i] < 300 || (i + t) % 3 == 0;
}

/* One model's head at a vocabulary: row h of z is what row h of x gives. */
struct head {
    enum dtype t;
    int V;
    struct hw_t w; /* [V][H], z transposed */
    struct k_weight *W;
};

REF_FN double z_at(const struct head *m, int r, int v)
{
    return hw_at(&m->w, (size_t)v * H + (size_t)(r % H));
}

/* Eight kinds of rows. */
REF_FN double z_of(int h, int v, int V, int peak)
{
    switch (h) {
    case 0:
        return 2 * ref_normal();
    case 1:
        return 1.5; /* flat */
    case 2:
        return v == peak ? 30 : ref_normal();
    case 3:
        return 40.0 * v / V - 20; /* a new maximum each time */
    case 4:
        return 20 - 40.0 * v / V;
    case 5:
        return floor(4 * ref_uniform()); /* many ties */
    case 6:
        return 40 * ref_normal(); /* most terms vanish */
    default:
        return v % 97 == 3 ? 5.0 : -5.0;
    }
}

REF_FN struct head head_new(enum dtype t, int V)
{
    struct head m = {t, V, {0}, NULL};
    void *w = malloc((size_t)V * H * dtype_size(t));

    for (int h = 0; h < H; h++) {
        int peak = (int)(ref_uniform() * V);

        for (int v = 0; v < V; v++)
            ref_put(t, w, (size_t)v * H + (size_t)h, z_of(h, v, V, peak));
    }
    m.w = hw_of(t, (size_t)V * H, w);
    m.W = ref_weight(hw_k, t, V, H, m.w.dev);
    return m;
}

REF_FN void head_drop(struct head *m)
{
    hw_k->weight_free(hw_k, m->W);
    hw_drop(&m->w);
}

/* Rows r, r + 1, ... of T, one-hot. */
REF_FN struct hw_t one_hot(enum dtype t, int r, int T)
{
    void *x = ref_zeros((size_t)(T * H) * dtype_size(t));

    for (int i = 0; i < T; i++)
        ref_put(t, x, (size_t)(i * H + (r + i) % H), 1);
    return hw_of(t, (size_t)(T * H), x);
}

/* float64 of a row at it = 1 / T, with its bound. */
struct ref {
    double m, S, entropy, spread; /* spread: mean of |z - m| */
    double rel;                   /* of S */
};

REF_FN struct ref row_ref(const struct head *m, int r, double it)
{
    struct ref f = {-INFINITY, 0, 0, 0, 0};

    for (int v = 0; v < m->V; v++)
        f.m = fmax(f.m, z_at(m, r, v) * it);
    for (int v = 0; v < m->V; v++) {
        double d = z_at(m, r, v) * it - f.m;

        f.S += exp(d);
        f.spread -= exp(d) * d;
    }
    f.spread /= f.S;
    f.entropy = log(f.S) + f.spread;
    f.rel = 0x1p-22 + 9 * f.spread * 0x1p-24 +
            (8 + 10 + (m->V / 256 + 1) * 5) * 0x1p-24;
    return f;
}

/* T ids; *dev: the same on the device. */
REF_FN int32_t *targets(int V, int T, int32_t **dev)
{
    int32_t *t = malloc((size_t)T * 4);

    for (int i = 0; i < T; i++)
        t[i] = (int32_t)(ref_uniform() * V);
    *dev = hw_alloc((size_t)T * 4);
    hw_k->upload(hw_k, *dev, t, (size_t)T * 4);
    return t;
}

/* ---- a test in a backend of its own ---- */
static void (*body)(void);

static void opened(void)
{
    if (!hw_sim())
        return;
    body();
    hw_done();
}

#define RUN(fn) (body = fn, t_run(#fn, opened))

#endif
