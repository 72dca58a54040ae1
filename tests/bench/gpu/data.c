/* data - random values on the device, and the shapes of real models */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../../kernels/canon.h"
#include "gpu.h"

enum { MOST = 64, BLOCK = 1 << 20 };

static struct held {
    struct kernels *k;
    void *p;
    struct k_weight *w;
} held[MOST];
static int n_held;
static struct err error;

const struct err *bench_error(void)
{
    return &error;
}

static void hold(struct held h)
{
    if (n_held == MOST)
        abort();
    held[n_held++] = h;
}

void *bench_alloc(struct bench *b, size_t bytes)
{
    void *p = error.code ? NULL : b->k->alloc(b->k, bytes, &error);

    if (p)
        hold((struct held){b->k, p, NULL});
    return p;
}

void bench_release(struct bench *b)
{
    struct err e;

    (void)b->k->sync(b->k, &e);
    while (n_held) {
        struct held h = held[--n_held];

        if (h.w)
            h.k->weight_free(h.k, h.w);
        else
            h.k->free(h.k, h.p);
    }
    memset(&error, 0, sizeof error);
}

static double uniform(void)
{
    static uint64_t state = 1;
    uint64_t z = state += 0x9E3779B97F4A7C15ull;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static void put(enum dtype t, void *p, size_t i, float x)
{
    if (t == DT_F32)
        ((float *)p)[i] = x;
    else
        ((uint16_t *)p)[i] = t == DT_BF16 ? canon_round_bf16(x)
                                          : canon_round_f16(x);
}

/* Near normal, of that standard deviation; a block of values over and over. */
void *bench_host_random(enum dtype t, size_t n, double scale)
{
    size_t z = dtype_size(t), first = n < BLOCK ? n : BLOCK;
    char *p = malloc(n * z + 1);

    if (!p) {
        err_set(&error, ERR_IO, "no host memory for %zu MiB", n * z >> 20);
        return NULL;
    }
    for (size_t i = 0; i < first; i++)
        put(t, p, i, (float)(scale * sqrt(3.0) *
                             (uniform() + uniform() + uniform() +
                              uniform() - 2)));
    for (size_t done = first; done < n; done += first)
        memcpy(p + done * z, p, (n - done < first ? n - done : first) * z);
    return p;
}

void *bench_random(struct bench *b, enum dtype t, size_t n, double scale)
{
    size_t z = dtype_size(t), done = n < BLOCK ? n : BLOCK;
    char *p = bench_alloc(b, n * z), *h;

    if (!p)
        return NULL;
    h = bench_host_random(t, done, scale);
    if (!h)
        return NULL;
    b->k->upload(b->k, p, h, done * z);
    free(h);
    while (done < n) {
        size_t more = n - done < done ? n - done : done;

        b->k->copy(b->k, p + done * z, p, more * z);
        done += more;
    }
    (void)b->k->sync(b->k, &error);
    return p;
}

struct k_weight *bench_weight(struct bench *b, struct kernels *k,
                              enum dtype t, int N, int K)
{
    struct k_weight *w = NULL;
    int first = n_held;
    void *src = bench_random(b, t, (size_t)N * (size_t)K, 0.02);

    if (src)
        w = k->weight_new(k, t, N, K,
                          WEIGHT_FORWARD | WEIGHT_BACKWARD | WEIGHT_ROWS,
                          &error);
    if (w)
        k->weight_set(k, w, src, t);
    if (w)
        (void)k->sync(k, &error);
    if (n_held > first) { /* the values are in w now */
        b->k->free(b->k, src);
        n_held--;
    }
    if (w)
        hold((struct held){k, NULL, w});
    return w;
}

int bench_config(const struct bench *b, const char *size, struct config *c)
{
    static const struct {
        const char *name;
        int hidden, layers, heads, kv_heads, ffn, vocab, tied;
    } known[] = {{"0.5b", 896, 24, 14, 2, 4864, 151936, 1},
                 {"1.5b", 1536, 28, 12, 2, 8960, 151936, 1},
                 {"7b", 3584, 28, 28, 4, 18944, 152064, 0}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(size, known[i].name))
            continue;
        *c = (struct config){
            .hidden = bench_size(b, known[i].hidden, 32),
            .layers = bench_size(b, known[i].layers, 2),
            .heads = bench_size(b, known[i].heads, 4),
            .kv_heads = bench_size(b, known[i].kv_heads, 2),
            .head_dim = b->toy ? 8 : known[i].hidden / known[i].heads,
            .ffn = bench_size(b, known[i].ffn, 48),
            .vocab = bench_size(b, known[i].vocab, 480),
            .max_pos = bench_size(b, 4096, 64),
            .tied = known[i].tied, .arch = &arch_qwen2, .rope_theta = 1e6,
            .rms_eps = 1e-6, .n_eos = 1, .eos = {0}, .file_dtype = DT_BF16,
        };
        return 1;
    }
    return 0;
}
