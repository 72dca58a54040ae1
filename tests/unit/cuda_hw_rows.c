/* The gradient of rmsnorm by its weight under order=hardware in the simulator,
 * against float64; its other half is the canonical operation, bit for bit. */
#include "cuda_hw.h"

static const int sizes[][2] = {{1, 1},    {3, 31},    {255, 40}, {256, 64},
                               {257, 65}, {1030, 24}, {520, 136}};

/* In fp32: dy h and its sum with what is there; T terms through lanes of
 * every 32nd row, a chain of lanes, and the parts. */
static void check_dw(struct hw_t *dw, const double *dw0, const struct hw_t *dy,
                     const struct hw_t *x, const struct hw_t *rstd, int T,
                     int H)
{
    double *want = calloc((size_t)H, sizeof *want);
    double *bound = calloc((size_t)H, sizeof *bound);

    for (int h = 0; h < H; h++) {
        want[h] = dw0[h];
        for (int r = 0; r < T; r++) {
            size_t at = (size_t)(r * H + h);
            double term = hw_at(dy, at) * hw_at(x, at) * hw_at(rstd, (size_t)r);

            want[h] += term;
            bound[h] += fabs(term) * (T / 32 + 32 + 6) * 0x1p-24;
        }
        bound[h] += fabs(dw0[h]) * 0x1p-23;
    }
    hw_close("rmsnorm dw", dw, want, bound);
    free(want);
    free(bound);
}

/* Rows as the heads of rows that have two of them: the same bits. */
static void as_heads(enum dtype t, int T, int H, const struct hw_t *x,
                     const struct hw_t *w, const struct hw_t *dy,
                     const struct hw_t *rstd, struct hw_t *dx, struct hw_t *dw,
                     const double *dw0)
{
    size_t n = (size_t)T * (size_t)H, h = (size_t)H;

    hw_fetch(dx);
    hw_fetch(dw);
    if (T % 2 == 0) {
        struct k_heads at = {2, H, 2 * H};
        struct hw_t again = hw_zeros(t, n), sum = hw_zeros(DT_F32, h);

        for (size_t i = 0; i < h; i++)
            ((float *)sum.host)[i] = (float)dw0[i];
        hw_k->upload(hw_k, sum.dev, sum.host, h * 4);
        hw_k->rmsnorm_heads_bwd(hw_k, t, again.dev, sum.dev, dy->dev, x->dev,
                                w->dev, rstd->dev, at, T / 2);
        hw_fetch(&again);
        hw_fetch(&sum);
        ref_same("dx of heads", again.host, dx->host, n * dtype_size(t));
        ref_same("dw of heads", sum.host, dw->host, h * 4);
        hw_drop(&again), hw_drop(&sum);
    }
}

static void one(enum dtype t, int T, int H, void *dx[2], int turn)
{
    size_t n = (size_t)T * (size_t)H, h = (size_t)H;
    struct hw_t x = hw_random(t, n, 1), w = hw_random(t, h, 1);
    struct hw_t dy = hw_random(t, n, 1), out = hw_zeros(t, n);
    struct hw_t rstd = hw_zeros(DT_F32, (size_t)T);
    struct hw_t dw = hw_random(DT_F32, h, 1);
    double *dw0 = malloc(h * sizeof *dw0);

    for (size_t i = 0; i < h; i++)
        dw0[i] = hw_at(&dw, i);
    hw_k->rmsnorm(hw_k, t, out.dev, rstd.dev, x.dev, w.dev, T, H, 1e-6f);
    hw_fetch(&rstd);
    hw_k->rmsnorm_bwd(hw_k, t, out.dev, dw.dev, dy.dev, x.dev, w.dev, rstd.dev,
                      T, H);
    as_heads(t, T, H, &x, &w, &dy, &rstd, &out, &dw, dw0);
    if (turn == 0)
        check_dw(&dw, dw0, &dy, &x, &rstd, T, H);
    hw_fetch(&out);
    hw_fetch(&dw);
    dx[turn] = malloc(n * dtype_size(t) + h * 4);
    memcpy(dx[turn], out.host, n * dtype_size(t));
    memcpy((char *)dx[turn] + n * dtype_size(t), dw.host, h * 4);
    hw_drop(&x), hw_drop(&w), hw_drop(&dy), hw_drop(&out);
    hw_drop(&rstd), hw_drop(&dw);
    free(dw0);
}

/* dx of the canonical order. */
static void *canonical(enum dtype t, int T, int H)
{
    struct k_order o = {ORDER_CANONICAL, 0};
    struct kernels *hardware = hw_k;
    struct err e = {0};
    void *dx[2] = {NULL, NULL};

    T_EQ_INT(kernels_open(&hw_k, "cuda", 0, o, &e), 0);
    one(t, T, H, dx, 1);
    kernels_close(&hw_k);
    hw_k = hardware;
    return dx[1];
}

static void rmsnorm_bwd_is_float64s(void)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int t = 0; t < 3; t++) {
            int T = sizes[i][0], H = sizes[i][1];
            size_t n = (size_t)T * (size_t)H * dtype_size(ref_types[t]);
            void *dx[2], *want;

            if (!hw_sim())
                return;
            /* twice, in other orders of threads: the same bits */
            for (int turn = 0; turn < 2; turn++) {
                cudasim_set_order((enum cudasim_order)(turn + 1), 4);
                ref_state = 7;
                one(ref_types[t], T, H, dx, turn);
            }
            ref_same("in another order", dx[0], dx[1], n + (size_t)H * 4);
            ref_state = 7;
            want = canonical(ref_types[t], T, H);
            ref_same("dx", dx[0], want, n);
            free(dx[0]), free(dx[1]), free(want);
            hw_done();
        }
}

int main(void)
{
    T_RUN(rmsnorm_bwd_is_float64s);
    T_DONE();
}
