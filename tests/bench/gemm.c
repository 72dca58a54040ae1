/* gemm - matrix products against the machine's own multiply-add peak
 *
 * usage: gemm [fp32|bf16|fp16] [SHAPE]
 *
 * For each shape: FLOPs, the bytes that must move at least once, the bound
 * that follows from peak and bandwidth (roof.h), GFLOP/s reached and its share
 * of the bound. One thread, the best of several runs.
 */
#include "../../kernels/kernels.h"
#include "roof.h"

struct shape {
    const char *what;
    int T, N, K;
};

static const struct shape shapes[] = {
    {"tiny qkv, 1000 rows", 1000, 192, 96},
    {"tiny o, 1000 rows", 1000, 96, 96},
    {"tiny gate+up, 1000 rows", 1000, 512, 96},
    {"tiny down, 1000 rows", 1000, 96, 256},
    {"tiny head, 1000 rows", 1000, 470, 96},
    {"tiny decode, 16 rows", 16, 512, 96},
    {"128 qkv, 1000 rows", 1000, 256, 128},
    {"128 gate+up, 1000 rows", 1000, 768, 128},
    {"128 down, 1000 rows", 1000, 128, 384},
    {"0.5B up, 512 rows", 512, 4864, 896},
    {"0.5B down, 512 rows", 512, 896, 4864},
    {"0.5B head slice, 256 rows", 256, 9496, 896},
    {"0.5B half head, 1 row", 1, 75968, 896},
    {"0.5B half head, 16 rows", 16, 75968, 896},
    {"1.5B up, 512 rows", 512, 8960, 1536},
    {"1.5B down, 512 rows", 512, 1536, 8960},
};

struct run {
    struct kernels *k;
    enum dtype t;
    const struct shape *s;
    struct k_weight *W;
    void *x, *y, *dy, *dx;
    float *dW;
};

static void call(const struct run *r, int op)
{
    const struct shape *s = r->s;

    if (op == 0)
        r->k->linear(r->k, r->t, r->y, r->x, r->W, NULL, s->T, s->N, s->K);
    else if (op == 1)
        r->k->linear_dx(r->k, r->t, r->dx, r->dy, r->W, s->T, s->N, s->K);
    else
        r->k->linear_dw(r->k, r->t, r->dW, NULL, r->dy, r->x, s->T, s->N,
                        s->K);
}

static double best_time(const struct run *r, int op)
{
    double flops = 2.0 * r->s->T * r->s->N * r->s->K, best = 1e9;
    int reps = (int)(2e8 / flops) + 1;

    call(r, op);
    for (int i = 0; i < 5; i++) {
        double t = roof_now();

        for (int n = 0; n < reps; n++)
            call(r, op);
        t = (roof_now() - t) / reps;
        best = t < best ? t : best;
    }
    return best;
}

static void bench(struct kernels *k, enum dtype t, const struct shape *s,
                  const struct roof *roof)
{
    static const char *const ops[] = {"y", "dx", "dW"};
    size_t T = (size_t)s->T, N = (size_t)s->N, K = (size_t)s->K;
    size_t z = dtype_size(t);
    int decode = s->T <= 64;
    struct err e = {0};
    struct run r = {.k = k, .t = t, .s = s};

    r.W = k->weight_new(k, t, s->N, s->K,
                        decode ? WEIGHT_FORWARD
                               : WEIGHT_FORWARD | WEIGHT_BACKWARD,
                        &e);
    r.x = k->alloc(k, T * K * 4, &e);
    r.y = k->alloc(k, T * N * 4, &e);
    r.dy = k->alloc(k, T * N * 4, &e);
    r.dx = k->alloc(k, T * K * 4, &e);
    r.dW = k->alloc(k, N * K * 4, &e);
    if (!r.W || !r.x || !r.y || !r.dy || !r.dx || !r.dW) {
        printf("%s: %s\n", s->what, e.msg);
        exit(1);
    }
    k->weight_set(k, r.W, r.dW, DT_F32);
    for (int op = 0; op < (decode ? 1 : 3); op++) {
        double flops = 2.0 * (double)T * (double)N * (double)K;
        double bytes = (double)(T * K + T * N) * (double)z +
                       (double)(N * K) * (op == 2 ? 8 : (double)z);
        double sec = best_time(&r, op), bound;
        int memory;

        bound = roof_bound(roof, flops, bytes, decode, &memory);
        printf("%-26s %-3s %8.3f %9.3f %8.1f %8.1f   %5.1f%%  %s\n", s->what,
               ops[op], flops / 1e9, bytes / 1e6, flops / bound / 1e9,
               flops / sec / 1e9, 100 * bound / sec,
               memory ? "memory" : "compute");
    }
    k->weight_free(k, r.W);
    k->free(k, r.x);
    k->free(k, r.y);
    k->free(k, r.dy);
    k->free(k, r.dx);
    k->free(k, r.dW);
}

int main(int argc, char **argv)
{
    enum dtype t = argc > 1 && !strcmp(argv[1], "bf16")   ? DT_BF16
                   : argc > 1 && !strcmp(argv[1], "fp16") ? DT_F16
                                                          : DT_F32;
    const char *only = argc > 2 ? argv[2] : "";
    struct k_order order = {ORDER_CANONICAL, 0};
    struct kernels *k;
    struct err e = {0};
    struct roof roof;

    if (kernels_open(&k, "cpu", 1, order, &e) < 0) {
        fprintf(stderr, "gemm: %s\n", e.msg);
        return 1;
    }
    if (roof_measure(&roof, k->variant) < 0) {
        fprintf(stderr, "gemm: out of memory\n");
        return 1;
    }
    printf("%s, 1 thread, %s; ", k->variant, t == DT_F32 ? "fp32" : argv[1]);
    roof_print(&roof);
    printf("%-26s %-3s %8s %9s %8s %8s   %6s\n", "shape", "op", "GFLOP",
           "MB", "bound", "GFLOP/s", "share");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strstr(shapes[i].what, only))
            bench(k, t, &shapes[i], &roof);
    kernels_close(&k);
    return 0;
}
