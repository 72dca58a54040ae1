/* attention - fused forward and backward over packed sequences, and decoding
 * over a KV cache, order=hardware in bf16 */
#include <stdio.h>
#include <stdlib.h>
#include "gpu.h"

struct training {
    struct kernels *k;
    struct k_attn_shape s;
    struct k_seqs q;
    int T;
    void *qkv, *o, *d_o, *dqkv;
    float *lse;
};

static int forward(void *ctx, struct err *e)
{
    struct training *a = ctx;

    (void)e;
    a->k->attn(a->k, DT_BF16, a->o, a->lse, a->qkv, a->s, a->q, a->T);
    return 0;
}

static int backward(void *ctx, struct err *e)
{
    struct training *a = ctx;

    (void)e;
    a->k->attn_bwd(a->k, DT_BF16, a->dqkv, a->d_o, a->o, a->qkv, a->lse, a->s,
                   a->q, a->T);
    return 0;
}

/* n sequences of len rows, with queries from row `from` on. */
static void training(struct bench *b, const char *size, int n, int len,
                     int from)
{
    struct config c;
    struct training a = {.k = b->k, .T = n * len};
    size_t T = (size_t)a.T, wide, out;
    int32_t *start = malloc((size_t)(2 * n + 1) * sizeof *start);
    double pairs = n * (len * (len + 1.0) - from * (from + 1.0)) / 2;
    double asked = (double)n * (len - from);
    struct row r = {.unit = ROOF_BF16};
    char name[48], rows[16] = "";

    if (!start || !bench_config(b, size, &c))
        abort();
    a.s = (struct k_attn_shape){c.heads, c.kv_heads, c.head_dim};
    out = (size_t)(c.heads * c.head_dim);
    wide = out + 2 * (size_t)(c.kv_heads * c.head_dim);
    for (int i = 0; i <= n; i++)
        start[i] = i * len;
    for (int i = 0; i < n; i++)
        start[n + 1 + i] = from;
    a.qkv = bench_random(b, DT_BF16, T * wide, 1);
    a.d_o = bench_random(b, DT_BF16, T * out, 1);
    a.dqkv = bench_alloc(b, T * wide * 2);
    a.o = bench_alloc(b, T * out * 2);
    a.lse = bench_alloc(b, T * (size_t)c.heads * 4);
    a.q = (struct k_seqs){n, bench_alloc(b, (size_t)(n + 1) * 4), start,
                           start + n + 1};
    if (a.q.start)
        b->k->upload(b->k, (void *)(size_t)a.q.start, start,
                     (size_t)(n + 1) * 4);
    if (from)
        snprintf(rows, sizeof rows, " from %d", from);
    snprintf(r.shape, sizeof r.shape, "%d x %d, heads %d/%d of %d", n, len,
             c.heads, c.kv_heads, c.head_dim);
    snprintf(name, sizeof name, "%s attention%s", size, rows);
    r.what = name;
    r.flops = 4 * pairs * (double)out;
    r.bytes = 2 * (double)(T * (wide - out)) + 4 * asked * (double)out;
    bench_measure(b, b->k, &r, forward, &a, NULL);
    snprintf(name, sizeof name, "%s attention backward%s", size, rows);
    r.flops = 10 * pairs * (double)out;
    r.bytes = 2 * (double)(T * (2 * wide - out)) + 6 * asked * (double)out;
    bench_measure(b, b->k, &r, backward, &a, NULL);
    bench_release(b);
    free(start);
}

/* ---- decoding ---- */
enum { LAYERS = 4 };

struct decode {
    struct kernels *k;
    struct k_kv *kv;
    void *qkv, *o;
    int32_t *slot, *pos;
    int batch, layer;
};

static int step(void *ctx, struct err *e)
{
    struct decode *d = ctx;

    (void)e;
    if (d->layer % LAYERS == 0) /* once a pass, as a model does */
        d->k->kv_rows(d->k, d->kv, d->slot, d->pos, d->batch);
    d->k->attn_cached(d->k, DT_BF16, d->o, d->qkv, d->kv,
                      d->layer++ % LAYERS, d->batch);
    return 0;
}

/* Fills the first len positions of every slot, some slots at a time. */
static void fill(struct decode *d, int len, int rows)
{
    int at_once = rows / len;
    int32_t *slot = malloc((size_t)rows * sizeof *slot);
    int32_t *pos = malloc((size_t)rows * sizeof *pos);

    if (!slot || !pos)
        abort();
    for (int s = 0; s < d->batch; s += at_once) {
        int n = 0;

        for (int i = s; i < s + at_once && i < d->batch; i++)
            for (int p = 0; p < len; p++, n++) {
                slot[n] = i;
                pos[n] = p;
            }
        d->k->kv_rows(d->k, d->kv, slot, pos, n);
        for (int l = 0; l < LAYERS; l++)
            d->k->attn_cached(d->k, DT_BF16, d->o, d->qkv, d->kv, l, n);
    }
    free(slot);
    free(pos);
}

static void decoding(struct bench *b, const char *size, int batch, int len)
{
    struct config c;
    struct decode d = {.k = b->k, .batch = batch};
    struct row r = {.unit = ROOF_COPY, .target = 0.6};
    int rows = batch > 8 * len ? batch : 8 * len;
    size_t wide, out, n = (size_t)batch;
    struct k_attn_shape s;
    struct err e;
    char name[32];

    if (!bench_config(b, size, &c))
        abort();
    s = (struct k_attn_shape){c.heads, c.kv_heads, c.head_dim};
    out = (size_t)(c.heads * c.head_dim);
    wide = out + 2 * (size_t)(c.kv_heads * c.head_dim);
    snprintf(r.shape, sizeof r.shape, "batch %d, %d keys", batch, len);
    snprintf(name, sizeof name, "%s decode attention", size);
    r.what = name;
    r.flops = 4.0 * batch * len * (double)out;
    r.bytes = 4.0 * batch * len * c.kv_heads * c.head_dim +
              2.0 * batch * (double)(wide + out);
    d.qkv = bench_random(b, DT_BF16, (size_t)rows * wide, 1);
    d.o = bench_alloc(b, (size_t)rows * out * 2);
    d.slot = malloc(n * sizeof *d.slot);
    d.pos = malloc(n * sizeof *d.pos);
    e = *bench_error();
    if (!e.code && d.slot && d.pos)
        d.kv = b->k->kv_new(b->k, DT_BF16, LAYERS, s, batch, len + 1, 0, &e);
    for (int i = 0; d.kv && i < batch; i++)
        if (kv_reserve(d.kv, i, len + 1)) {
            err_set(&e, ERR_IO, "%s", kv_why(d.kv) ? kv_why(d.kv)
                                                   : "no page left");
            b->k->kv_free(b->k, d.kv);
            d.kv = NULL;
        }
    if (d.kv) {
        fill(&d, len, rows);
        for (int i = 0; i < batch; i++) {
            d.slot[i] = i;
            d.pos[i] = len - 1;
        }
        bench_measure(b, b->k, &r, step, &d, NULL);
        b->k->kv_free(b->k, d.kv);
    } else {
        bench_failed(b, &r, &e);
    }
    free(d.slot);
    free(d.pos);
    bench_release(b);
}

void bench_attention(struct bench *b)
{
    static const int batch[] = {64, 128, 256, 512};

    for (int i = 0; i < BENCH_N_SIZES; i++)
        training(b, bench_sizes[i], bench_size(b, 8, 2),
                 bench_size(b, 2048, 20), 0);
    /* samples of a prompt whose queries are another's */
    training(b, "1.5b", bench_size(b, 16, 2), bench_size(b, 1024, 20),
             bench_size(b, 512, 9));
    for (int i = 0; i < 4; i++)
        decoding(b, "1.5b", bench_size(b, batch[i], 1 + i),
                 bench_size(b, 1024, 20));
    decoding(b, "7b", bench_size(b, 256, 3), bench_size(b, 1024, 20));
}
