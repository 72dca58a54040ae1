/* step - a whole training step: tokens a second, and each operation in it
 * against its own roofline
 *
 * usage: step [fp32|bf16|fp16] [tiny|0.5B] [THREADS] [MICRO]
 *
 * A step is what dapo-step does: forward and backward of packed sequences in
 * micro-batches, AdamW, and the compute weights made anew. Eight samples share
 * a prompt. "model FLOPs" are those of the mathematics, 6 a weight and row and
 * those of attention and head, nothing counted twice: their share of the
 * multiply-add peak is how much faster the same rows could be at most. Weights
 * are random; "0.5B" has a quarter of Qwen2.5-0.5B's layers and vocabulary.
 * Time is the processor's with one thread, the clock's with more, whose bounds
 * are one core's divided by the threads.
 */
#include "../../lib/train/adamw.h"
#include "../../lib/train/pretrain.h"
#include "meter.h"

struct shape {
    const char *name;
    struct config c;
    int n, prompt, shortest, longest; /* sequences, tokens */
    int micro, steps;
};

static const struct shape shapes[] = {
    {"tiny",
     {.hidden = 96, .layers = 3, .heads = 4, .kv_heads = 2, .head_dim = 24,
      .ffn = 256, .vocab = 470, .max_pos = 160},
     128, 24, 4, 40, 4096, 10},
    {"0.5B",
     {.hidden = 896, .layers = 6, .heads = 14, .kv_heads = 2, .head_dim = 64,
      .ffn = 4864, .vocab = 151936 / 4, .max_pos = 4096},
     8, 32, 40, 80, 4096, 1},
};

static double wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct batch {
    int n, *start, *first;
    int32_t *tokens;
    uint64_t *id;
    int32_t *shared;
    float *logp, *dlogp;
};

enum { SAMPLES = 8 };

/* Lengths spread evenly over the responses' range. */
static struct batch make(const struct shape *s)
{
    struct batch b = {.n = s->n};
    size_t n = (size_t)s->n, most = n * (size_t)(s->prompt + s->longest);

    b.start = calloc(n + 1, sizeof *b.start);
    b.first = calloc(n, sizeof *b.first);
    b.id = calloc(n, sizeof *b.id);
    b.shared = calloc(n + 1, sizeof *b.shared);
    b.tokens = calloc(most, sizeof *b.tokens);
    b.logp = calloc(most, sizeof *b.logp);
    b.dlogp = calloc(most, sizeof *b.dlogp);
    for (int i = 0; i < s->n; i++) {
        b.first[i] = s->prompt;
        b.shared[i] = i % SAMPLES ? s->prompt : 0;
        b.start[i + 1] = b.start[i] + s->prompt + s->shortest +
                         i * 7 % (s->longest - s->shortest + 1);
    }
    for (int i = 0; i < b.start[s->n]; i++) {
        b.tokens[i] = (int32_t)((uint32_t)i * 2654435761u %
                                (uint32_t)s->c.vocab);
        b.dlogp[i] = (i & 1 ? -1.0f : 1.0f) / (float)b.start[s->n];
    }
    for (int i = 0; i < s->n; i++)
        memcpy(b.tokens + b.start[i], b.tokens + b.start[i / SAMPLES * SAMPLES],
               (size_t)s->prompt * sizeof *b.tokens);
    return b;
}

static void drop(struct batch *b)
{
    free(b->start);
    free(b->first);
    free(b->id);
    free(b->shared);
    free(b->tokens);
    free(b->logp);
    free(b->dlogp);
}

static int step(struct model *m, struct adamw *a, const struct batch *b,
                int micro, struct err *e)
{
    const struct seqs all = {b->n, b->start, b->tokens, b->first, b->id,
                             b->shared};
    struct adamw_result res;
    int32_t *start = calloc((size_t)b->n + 1, sizeof *start);
    int r = 0;

    model_zero_grads(m);
    for (int i = 0, j; i < b->n && !r; i = j) {
        struct seqs q;
        int at = b->start[i];

        j = seqs_micro(&all, i, micro);
        for (int s = i; s <= j; s++)
            start[s - i] = b->start[s] - at;
        q = (struct seqs){j - i, start, b->tokens + at, b->first + i,
                          b->id + i, b->shared + i};
        r = model_forward(m, &q, 1, 1, 1, b->logp + at, NULL, e);
        if (!r)
            r = model_backward(m, b->dlogp + at, e);
    }
    free(start);
    if (!r)
        r = adamw_update(a, model_grads(m), 1e-6, &res, e);
    return r ? r : model_set(m, a->master, a->arm.master, e);
}

/* FLOPs of one step's mathematics: forward once, backward twice that. */
static double model_flops(const struct shape *s, const struct batch *b)
{
    const struct config *c = &s->c;
    double H = c->hidden, q = c->heads * c->head_dim;
    double kv = c->kv_heads * c->head_dim, T = 0, pairs = 0;
    double layer = H * (q + 2 * kv) + q * H + 3 * H * c->ffn;

    for (int i = 0; i < b->n; i++) { /* the prompt is the first sample's */
        double from = i % SAMPLES ? s->prompt : 0;
        double len = b->start[i + 1] - b->start[i] - 1;

        T += len - from;
        pairs += (len * (len + 1) - from * (from + 1)) / 2;
    }
    return 6 * (c->layers * (layer * T + 2 * q * pairs) +
                H * c->vocab * (b->start[b->n] - s->prompt * b->n));
}

static int weights(struct model *m, struct adamw *a, struct err *e)
{
    size_t n = model_params(m)->n_values;
    float *flat = malloc(n * sizeof *flat);
    int r = flat ? 0 : err_set(e, ERR_IO, "out of memory");

    if (!r) {
        pretrain_init(flat, model_params(m), model_config(m), 0.02, 1);
        r = adamw_set_master(a, flat, e);
    }
    free(flat);
    return r ? r : model_set(m, a->master, a->arm.master, e);
}

static int measure(struct model *m, struct adamw *a, const struct shape *s,
                   int threads, int micro, const struct roof *roof,
                   struct err *e)
{
    double (*now)(void) = threads == 1 ? roof_now : wall, best = 1e9;
    struct meter_sum kept[N_METER_OPS];
    struct batch b = make(s);
    double flops = model_flops(s, &b), tokens = b.start[b.n];
    int r = step(m, a, &b, micro, e);

    for (int i = 0; i < 5 && !r; i++) {
        double t;

        meter_clear();
        t = now();
        for (int k = 0; k < s->steps && !r; k++)
            r = step(m, a, &b, micro, e);
        t = now() - t;
        if (t < best) {
            best = t;
            memcpy(kept, meter.op, sizeof kept);
        }
    }
    drop(&b);
    if (r)
        return r;
    memcpy(meter.op, kept, sizeof kept);
    printf("\n%s, %s, %d thread(s), %.0f tokens a step, micro-batches of %d\n",
           s->name, a->arm.name, threads, tokens, micro);
    meter_print(best, s->steps);
    best /= s->steps;
    printf("a step: %.3f ms, %.0f tokens/s; model FLOPs %.3f G, %.1f GFLOP/s, "
           "%.1f%% of the peak\n", 1e3 * best, tokens / best, flops / 1e9,
           flops / best / 1e9, 100 * flops / best / roof->flop_s / threads);
    printf("at the peak it would be %.0f tokens/s\n",
           tokens * roof->flop_s * threads / flops);
    return 0;
}

static int bench(const struct shape *s, const char *arm_text, int threads,
                 int micro, struct roof *roof, struct err *e)
{
    const struct adamw_opts o = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8,
                                 .weight_decay = 0.01, .grad_clip = 1};
    struct config c = s->c;
    struct kernels *k = NULL;
    struct model *m = NULL;
    struct adamw *a = NULL;
    struct arm arm;
    int r = arm_parse(&arm, arm_text, e);

    c.tied = c.arch = &arch_qwen2;
    c.rope_theta = 1e4;
    c.rms_eps = 1e-6;
    c.n_eos = 1;
    if (!r)
        r = kernels_open(&k, "cpu", threads, arm.order.k, e);
    if (!r && roof->flop_s == 0) {
        if (roof_measure(roof, k->variant) < 0)
            r = err_set(e, ERR_IO, "out of memory");
        printf("%s; ", k->variant);
        roof_print(roof);
    }
    if (!r) {
        meter_on(k, roof, threads == 1 ? roof_now : wall);
        r = model_open(&m, &c, &arm, k, MODEL_TRAIN, e);
    }
    if (!r)
        r = adamw_open(&a, k, model_params(m), &arm, &o, e);
    if (!r)
        r = weights(m, a, e);
    if (!r)
        r = measure(m, a, s, threads, micro ? micro : s->micro, roof, e);
    adamw_close(&a);
    model_close(&m);
    kernels_close(&k);
    return r;
}

int main(int argc, char **argv)
{
    struct meter_args a = meter_args(argc, argv, "");
    struct roof roof = {0};
    struct err e = {0};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strstr(shapes[i].name, a.only) &&
            bench(&shapes[i], a.arm, a.threads, a.size, &roof, &e) < 0) {
            fprintf(stderr, "step: %s: %s\n", shapes[i].name, e.msg);
            return 1;
        }
    return 0;
}
