/* main - gpu_bench [--toy] [--table FILE] SECTION [SIZE [DIR]]
 *
 * Measures one section of bench-gpu on this machine's GPU; see gpu.h and
 * bench-gpu.sh. Sections are processes of their own, so that one that fails
 * takes no other with it. Exit status 1: no device, or a figure is missing.
 */
#include <stdlib.h>
#include <string.h>
#include "gpu.h"
#include "peak.h"

/* ---- roofs ---- */
struct copied {
    struct kernels *k;
    void *to, *from;
    size_t n;
};

static int copy(void *ctx, struct err *e)
{
    struct copied *c = ctx;

    (void)e;
    c->k->copy(c->k, c->to, c->from, c->n);
    return 0;
}

struct square {
    struct kernels *k;
    enum dtype t;
    struct k_weight *W;
    void *x, *y;
    int n;
};

static int square(void *ctx, struct err *e)
{
    struct square *s = ctx;

    (void)e;
    s->k->linear(s->k, s->t, s->y, s->x, s->W, NULL, s->n, s->n, s->n);
    return 0;
}

struct fma {
    struct kernels *k;
    float *out;
    int steps, toy;
    double flops;
};

static int multiply_add(void *ctx, struct err *e)
{
    struct fma *f = ctx;

    (void)e;
    f->flops = peak_fma(f->k, f->steps, f->toy, f->out);
    return 0;
}

static int rate(struct bench *b, double work, call_fn *fn, void *ctx,
                double *out, struct err *e)
{
    struct timing t;
    int r = bench_error()->code ? -bench_error()->code
                                : bench_time(b, b->k, fn, ctx, &t, e);

    if (!r)
        *out = work / t.s;
    else if (bench_error()->code)
        *e = *bench_error();
    return r;
}

static int product_rate(struct bench *b, enum dtype t, int n, double *out,
                        struct err *e)
{
    struct square s = {.k = b->k, .t = t, .n = n};
    size_t N = (size_t)n;
    int r;

    s.x = bench_random(b, t, N * N, 1);
    s.y = bench_alloc(b, N * N * 4);
    s.W = bench_weight(b, b->k, t, n, n);
    r = rate(b, 2.0 * n * n * (double)n, square, &s, out, e);
    bench_release(b);
    return r;
}

static int roofs(struct bench *b, struct err *e)
{
    struct copied c = {.k = b->k, .n = (size_t)bench_size(b, 1 << 30, 4096)};
    struct fma f = {.k = b->k, .steps = bench_size(b, 20000, 4),
                    .toy = b->toy};
    double fma_calls = 0;
    int r;

    c.from = bench_random(b, DT_F32, c.n / 4, 1);
    c.to = bench_alloc(b, c.n);
    r = rate(b, 2 * (double)c.n, copy, &c, &b->roof[ROOF_COPY], e);
    bench_release(b);
    if (!r)
        r = product_rate(b, DT_BF16, bench_size(b, 8192, 40),
                         &b->roof[ROOF_BF16], e);
    if (r)
        return r;
    f.out = bench_alloc(b, 4);
    r = rate(b, 1, multiply_add, &f, &fma_calls, e);
    b->roof[ROOF_FP32] = f.flops * fma_calls;
    bench_release(b);
    b->roof[ROOF_OTHER] = 1;
    if (!r && !b->toy)
        printf("%s roofs: copy %.0f GB/s, bf16 product %.0f TFLOP/s, fp32 "
               "multiply-add %.1f TFLOP/s\n", b->section,
               b->roof[ROOF_COPY] / 1e9, b->roof[ROOF_BF16] / 1e12,
               b->roof[ROOF_FP32] / 1e12);
    return r;
}

static void rates(struct bench *b, struct err *e)
{
    double fp32 = 0;

    if (product_rate(b, DT_F32, bench_size(b, 8192, 40), &fp32, e))
        b->n_failed++;
    else if (!b->toy)
        printf("fp32 product %.1f TFLOP/s\n", fp32 / 1e12);
}

/* Is there a device? Canonical order needs nothing but a driver. */
static int present(struct err *e)
{
    const struct k_order order = {ORDER_CANONICAL, 0};
    struct kernels *k;
    char what[300];
    size_t left, total;

    if (kernels_open(&k, "cuda", 0, order, e))
        return -e->code;
    kernels_describe(k, what, sizeof what);
    peak_memory(&left, &total);
    printf("%s, %.1f GiB of memory, %.1f free\n", what,
           (double)total / 0x1p30, (double)left / 0x1p30);
    kernels_close(&k);
    return 0;
}

/* ---- sections ---- */
static int run(struct bench *b, char **arg, int n, struct err *e)
{
    static const struct {
        const char *name;
        void (*fn)(struct bench *);
    } plain[] = {{"gemm", bench_gemm},           {"linear", bench_linear},
                 {"attention", bench_attention}, {"optimizer", bench_optimizer},
                 {"rows", bench_rows},           {"head", bench_head}};

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (!strcmp(arg[0], plain[i].name)) {
            plain[i].fn(b);
            return 0;
        }
    if (!strcmp(arg[0], "rates"))
        rates(b, e);
    else if (n > 1 && !strcmp(arg[0], "train"))
        bench_train(b, arg[1]);
    else if (n > 1 && !strcmp(arg[0], "generate"))
        bench_generate(b, arg[1]);
    else
        return err_set(e, ERR_USAGE, "no section %s", arg[0]);
    return 0;
}

static int fail(const struct err *e)
{
    fprintf(stderr, "gpu_bench: %s\n", e->msg);
    return e->code;
}

int main(int argc, char **argv)
{
    const struct k_order order = {ORDER_HARDWARE, 0};
    struct bench b = {0};
    struct err e = {0};
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        if (!strcmp(argv[at], "--toy"))
            b.toy = 1;
        else if (!strcmp(argv[at], "--table") && at + 1 < argc)
            b.table = fopen(argv[++at], "a");
        else
            break;
    }
    if (at >= argc || argv[at][0] == '-') {
        fprintf(stderr, "usage: gpu_bench [--toy] [--table FILE] SECTION "
                        "[SIZE [DIR]]\n");
        return ERR_USAGE;
    }
    b.section = argv[at];
    if (!strcmp(b.section, "model")) { /* needs no device */
        if (argc - at < 3)
            err_set(&e, ERR_USAGE, "model SIZE DIR");
        else
            (void)!bench_model(&b, argv[at + 1], argv[at + 2], &e);
        return e.code ? fail(&e) : 0;
    }
    if (!strcmp(b.section, "present"))
        return present(&e) ? fail(&e) : 0;
    if (kernels_open(&b.k, "cuda", 0, order, &e) || roofs(&b, &e) ||
        run(&b, argv + at, argc - at, &e))
        return fail(&e);
    kernels_close(&b.k);
    if (b.table)
        fclose(b.table);
    return b.n_failed > 0;
}
