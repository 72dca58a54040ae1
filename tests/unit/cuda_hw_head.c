/* The head of order=hardware in the simulator, against float64: bounds in
 * cuda_hw_head.h. */
#include "cuda_hw_head.h"

/* ---- log-probabilities ---- */
static void check_logp(const struct head *m, const int32_t *target,
                       struct hw_t *out, float it)
{
    double want[3][ROWS], bound[3][ROWS];

    for (int r = 0; r < ROWS; r++) {
        struct ref f = row_ref(m, r, (double)it);
        double lse = f.m + log(f.S);

        want[0][r] = z_at(m, r, target[r]) * (double)it - lse;
        want[1][r] = lse;
        want[2][r] = f.entropy;
        bound[0][r] = f.rel + 3 * 0x1p-24 * (log(f.S) + 1);
        bound[1][r] = bound[0][r];
        /* the terms of Q have the error of S and of d besides */
        bound[2][r] = 3 * f.rel * (1 + f.spread) + bound[0][r];
    }
    hw_close("logp", &out[0], want[0], bound[0]);
    hw_close("lse", &out[1], want[1], bound[1]);
    hw_close("entropy", &out[2], want[2], bound[2]);
    for (int r = 0; r < ROWS; r++)
        T_CHECKF(hw_at(&out[0], (size_t)r) <= 0, "logp over 0");
}

static void one_logp(enum dtype t, int V, float temperature)
{
    struct head m = head_new(t, V);
    struct hw_t x = one_hot(t, 0, ROWS), out[3];
    int32_t *dev, *tok = targets(V, ROWS, &dev);
    float before[3][ROWS];

    for (int o = 0; o < 3; o++)
        out[o] = hw_zeros(DT_F32, ROWS);
    for (int order = 0; order < 3; order++) {
        cudasim_set_order((enum cudasim_order)order, 5);
        hw_k->head_logp(hw_k, t, t, out[0].dev, out[1].dev, out[2].dev, x.dev,
                        m.W, dev, temperature, ROWS, V, H);
        for (int o = 0; o < 3; o++) {
            hw_fetch(&out[o]);
            if (order)
                ref_same(how[order], out[o].host, before[o], sizeof before[o]);
            memcpy(before[o], out[o].host, sizeof before[o]);
        }
    }
    check_logp(&m, tok, out, 1 / temperature);
    for (int o = 0; o < 3; o++)
        hw_drop(&out[o]);
    hw_drop(&x);
    hw_k->free(hw_k, dev);
    free(tok);
    head_drop(&m);
}

static void head_logp_is_float64s(void)
{
    for (size_t i = 0; i < sizeof vocab / sizeof *vocab; i++)
        for (int t = 0; t < 3; t++)
            if (quick((int)i, t))
                one_logp(ref_types[t], vocab[i], i % 2 ? 0.7f : 1);
}

/* ---- gradients ---- */
struct grads {
    double *g, *eg; /* [ROWS][V]: gradient of the logit and its bound */
};

static void grads_of(struct grads *o, const struct head *m,
                     const int32_t *target, const struct hw_t *dlogp,
                     const struct hw_t *lse, double it)
{
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < m->V; v++) {
            double d = z_at(m, r, v) * it - hw_at(lse, (size_t)r);
            double p = exp(d), g = hw_at(dlogp, (size_t)r) * it;
            double ep = p * (0x1p-22 + 4 * fabs(d) * 0x1p-24);
            size_t i = (size_t)(r * m->V + v);

            o->g[i] = ((v == target[r]) - p) * g;
            o->eg[i] = fabs(g) * ep + 3 * 0x1p-24 * fabs(o->g[i]);
            o->eg[i] += hw_rounding(m->t, fabs(o->g[i]) + o->eg[i]);
        }
}

static void check_grads(const struct head *m, const struct grads *o,
                        struct hw_t *dx, struct hw_t *dW, const double *dW0)
{
    size_t n = dW->n > dx->n ? dW->n : dx->n;
    double *want = calloc(n, sizeof *want);
    double *bound = calloc(n, sizeof *bound);

    for (int r = 0; r < ROWS; r++)
        for (int h = 0; h < H; h++) {
            size_t at = (size_t)(r * H + h);

            want[at] = bound[at] = 0;
            for (int v = 0; v < m->V; v++) {
                size_t i = (size_t)(r * m->V + v);
                double w = hw_at(&m->w, (size_t)(v * H + h));

                want[at] += o->g[i] * w;
                bound[at] += o->eg[i] * fabs(w) +
                             m->V * 0x1p-24 * fabs(o->g[i] * w);
            }
        }
    hw_close("dx", dx, want, bound);
    for (size_t i = 0; i < dW->n; i++) {
        int h = (int)i % H, v = (int)i / H;

        want[i] = dW0[i];
        bound[i] = 0;
        for (int r = h; r < ROWS; r += H) {
            size_t at = (size_t)(r * m->V + v);

            want[i] += o->g[at];
            bound[i] += o->eg[at] + 0x1p-22 * fabs(want[i]);
        }
    }
    hw_close("dW", dW, want, bound);
    free(want);
    free(bound);
}

static void one_bwd(enum dtype t, int V, float temperature)
{
    struct head m = head_new(t, V);
    size_t n = (size_t)V * H;
    struct hw_t x = one_hot(t, 0, ROWS), dx = hw_zeros(t, ROWS * H);
    struct hw_t dW = hw_random(DT_F32, n, 0.1);
    struct hw_t dlogp = hw_random(DT_F32, ROWS, 1);
    struct hw_t lse = hw_zeros(DT_F32, ROWS), logp = hw_zeros(DT_F32, ROWS);
    double *dW0 = malloc(n * sizeof *dW0);
    int32_t *dev, *tok = targets(V, ROWS, &dev);
    struct grads o = {calloc(ROWS * (size_t)V, sizeof(double)),
                      calloc(ROWS * (size_t)V, sizeof(double))};

    for (size_t i = 0; i < n; i++)
        dW0[i] = hw_at(&dW, i);
    hw_k->head_logp(hw_k, t, t, logp.dev, lse.dev, NULL, x.dev, m.W, dev,
                    temperature, ROWS, V, H);
    hw_k->head_bwd(hw_k, t, t, dx.dev, dW.dev, dlogp.dev, lse.dev, x.dev, m.W,
                   dev, temperature, 1, ROWS, V, H);
    hw_fetch(&lse);
    grads_of(&o, &m, tok, &dlogp, &lse, (double)(1 / temperature));
    check_grads(&m, &o, &dx, &dW, dW0);
    hw_drop(&x), hw_drop(&dx), hw_drop(&dW), hw_drop(&dlogp);
    hw_drop(&lse), hw_drop(&logp);
    hw_k->free(hw_k, dev);
    free(tok), free(dW0), free(o.g), free(o.eg);
    head_drop(&m);
}

static void head_bwd_is_float64s(void)
{
    for (size_t i = 0; i < sizeof vocab / sizeof *vocab; i++)
        for (int t = 0; t < 3; t++) {
            cudasim_set_order((enum cudasim_order)(((int)i + t) % 3), 2);
            if (quick((int)i, t))
                one_bwd(ref_types[t], vocab[i], i % 2 ? 1 : 0.8f);
        }
}

/* ---- KL ---- */
static void one_kl(enum dtype ta, enum dtype tb, int V, float temperature)
{
    struct head a = head_new(ta, V), b = head_new(tb, V);
    struct hw_t xa = one_hot(ta, 0, ROWS), xb = one_hot(tb, 0, ROWS);
    struct hw_t kl = hw_zeros(DT_F32, ROWS);
    double want[ROWS], bound[ROWS], it = (double)(1 / temperature);

    hw_k->head_kl(hw_k, ta, ta, tb, tb, kl.dev, xa.dev, a.W, H, xb.dev, b.W, H,
                  temperature, ROWS, V);
    for (int r = 0; r < ROWS; r++) {
        struct ref f = row_ref(&a, r, it), g = row_ref(&b, r, it);
        double size = 0; /* mean of |da| + |db| */

        want[r] = log(g.S) - log(f.S);
        for (int v = 0; v < V; v++) {
            double da = z_at(&a, r, v) * it - f.m, p = exp(da) / f.S;
            double db = z_at(&b, r, v) * it - g.m;

            want[r] += p * (da - db);
            size += p * (fabs(da) + fabs(db));
        }
        bound[r] = (f.rel + g.rel) * (2 + 3 * size);
    }
    hw_close("kl", &kl, want, bound);
    hw_drop(&xa), hw_drop(&xb), hw_drop(&kl);
    head_drop(&a);
    head_drop(&b);
}

static void head_kl_is_float64s(void)
{
    for (size_t i = 0; i < sizeof vocab / sizeof *vocab; i++)
        for (int t = 0; t < 3; t++) {
            cudasim_set_order((enum cudasim_order)(((int)i + t) % 3), 3);
            if (quick((int)i, t))
                one_kl(ref_types[t], ref_types[(t + (int)i) % 3], vocab[i],
                       i % 2 ? 1 : 0.6f);
        }
}

static void kl_of_a_model_to_itself_is_zero(void)
{
    struct head a = head_new(DT_BF16, 5003);
    struct hw_t x = one_hot(DT_BF16, 0, ROWS), kl = hw_zeros(DT_F32, ROWS);

    hw_k->head_kl(hw_k, DT_BF16, DT_BF16, DT_BF16, DT_BF16, kl.dev, x.dev, a.W,
                  H, x.dev, a.W, H, 1, ROWS, a.V);
    hw_fetch(&kl);
    for (size_t r = 0; r < ROWS; r++) /* differences are exact zeros */
        T_EQ_INT(hw_at(&kl, r) == 0, 1);
    hw_drop(&x), hw_drop(&kl);
    head_drop(&a);
}

static void head_logits_are_rounded(void)
{
    for (int t = 0; t < 3; t++) {
        struct head m = head_new(ref_types[t], 257);
        struct hw_t x = one_hot(m.t, 0, ROWS);
        struct hw_t out = hw_zeros(DT_F32, ROWS * 257);

        hw_k->head_logits(hw_k, m.t, m.t, out.dev, x.dev, m.W, ROWS, m.V, H);
        hw_fetch(&out);
        for (int i = 0; i < ROWS * 257; i++)
            T_CHECK(hw_at(&out, (size_t)i) == z_at(&m, i / 257, i % 257));
        hw_drop(&x), hw_drop(&out);
        head_drop(&m);
    }
}

static void small_chunks_change_nothing(void)
{
    size_t bytes = cudasim_hw_head_bytes;

    cudasim_hw_head_bytes = 4 * 5056 * 4; /* four rows of the largest */
    one_logp(DT_F32, 5003, 1);
    if (!ref_sanitized())
        one_bwd(DT_F32, 5003, 0.9f);
    one_bwd(DT_BF16, 5003, 1);
    one_kl(DT_F32, DT_BF16, 5003, 1);
    cudasim_hw_head_bytes = bytes;
}

static void chunks_are_even_and_bounded(void)
{
    long V = 151936;

    T_EQ_INT(hw_head_ld(V), 151936);
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 2, V, 512), 512);
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 2, V, 1766), 1766);
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 2, V, 1767), 896); /* two halves */
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 2, V, 16384), 1664);
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 4, 1 << 21, 100), 64);
    T_EQ_INT(hw_head_rows(1000, 4, 1 << 21, 100), 1);
    T_EQ_INT(hw_head_ld(1), 64);
    for (long T = 1; T < 5000; T += 7)
        T_CHECK(hw_head_scratch(DT_BF16, V, T) <= HW_HEAD_BYTES);
}

/* ---- errors ---- */
static void errors_are_kept_for_sync(void)
{
    struct head m = head_new(DT_BF16, 33);
    struct hw_t x = one_hot(DT_BF16, 0, 3), out = hw_zeros(DT_F32, 3 * H);
    struct hw_t lse = hw_zeros(DT_F32, 3);
    int32_t target[3] = {1, 33, 2}, *dev = hw_alloc(sizeof target);
    struct k_weight *none;
    struct err e = {0};

    hw_k->upload(hw_k, dev, target, sizeof target);
    hw_k->head_logp(hw_k, m.t, m.t, out.dev, lse.dev, NULL, x.dev, m.W, dev, 1,
                    3, 33, H);
    T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "head_logp: target 33 at row 1; the vocabulary has 33");
    none = hw_k->weight_new(hw_k, DT_BF16, 3, H, WEIGHT_ROWS, &e);
    hw_k->head_logits(hw_k, m.t, m.t, out.dev, x.dev, none, 1, 3, H);
    T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
    hw_k->head_logp(hw_k, m.t, m.t, out.dev, lse.dev, NULL, x.dev, none, dev, 1,
                    1, 3, H);
    T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
    hw_k->head_bwd(hw_k, m.t, m.t, x.dev, out.dev, out.dev, lse.dev, x.dev,
                   none, dev, 1, 0, 1, 3, H);
    T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
    T_EQ_INT(hw_k->sync(hw_k, &e), 0);
    hw_k->weight_free(hw_k, none);
    hw_drop(&x), hw_drop(&out), hw_drop(&lse);
    hw_k->free(hw_k, dev);
    head_drop(&m);
}

int main(void)
{
    RUN(head_logp_is_float64s);
    RUN(head_bwd_is_float64s);
    RUN(head_kl_is_float64s);
    RUN(kl_of_a_model_to_itself_is_zero);
    RUN(head_logits_are_rounded);
    RUN(small_chunks_change_nothing);
    RUN(errors_are_kept_for_sync);
    T_RUN(chunks_are_even_and_bounded);
    T_DONE();
}
