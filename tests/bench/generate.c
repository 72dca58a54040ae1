/* generate - tokens a second of batched generation and of decoding, and each
 * operation of it against its own roofline
 *
 * usage: generate [fp32|bf16|fp16] [tiny|135M|0.5B] [THREADS] [BATCH]
 *
 * Prompts of one length enter BATCH at a time. Responses are of one length,
 * then of mixed lengths, where each ends as chance has it, so that sequences
 * enter and leave at every step. BATCH 1 decodes one stream, whose bound is
 * reading every weight once a token, at the bandwidth measured here with as
 * many threads. Weights are random, the half types' arms keep fp32 masters.
 * Time is the processor's with one thread, the clock's with more, whose bounds
 * are one core's divided by the threads. The median of several runs, the
 * slowest and the fastest; operations are of the fastest.
 */
#include "../../lib/generate/gen.h"
#include "meter.h"
#include "reading.h"
#include "weights.h"

struct shape {
    const char *name;
    struct config c;
    int n, prompt, max_new, batch, repeat;
};

static const struct shape shapes[] = {
    {"tiny",
     {.hidden = 96, .layers = 3, .heads = 4, .kv_heads = 2, .head_dim = 24,
      .ffn = 256, .vocab = 470, .max_pos = 160},
     512, 24, 40, 64, 7},
    {"135M",
     {.hidden = 576, .layers = 30, .heads = 9, .kv_heads = 3, .head_dim = 64,
      .ffn = 1536, .vocab = 49152, .max_pos = 4096},
     16, 64, 32, 16, 3},
    {"0.5B",
     {.hidden = 896, .layers = 24, .heads = 14, .kv_heads = 2, .head_dim = 64,
      .ffn = 4864, .vocab = 151936, .max_pos = 4096},
     16, 32, 16, 16, 3},
};

/* ---- requests ---- */

struct source {
    int32_t *prompt; /* of request i from i on */
    int n, n_prompt, at;
    long tokens, rows;
};

static int next(void *ctx, struct gen_req *q, struct err *e)
{
    struct source *s = ctx;

    (void)e;
    if (s->at == s->n)
        return 0;
    *q = (struct gen_req){.prompt = s->prompt + s->at,
                          .n_prompt = s->n_prompt,
                          .id_hash = (uint64_t)s->at};
    s->at++;
    return 1;
}

static int done(void *ctx, const struct gen_res *r, struct err *e)
{
    struct source *s = ctx;

    (void)e;
    s->tokens += r->n;
    s->rows += s->n_prompt + r->n - 1;
    return 0;
}

/* One run: its seconds in *t, its tokens and rows in *src. A response of mixed
 * length ends at one of a few tokens. */
static int run(struct model *m, const struct shape *s, int n, int batch,
               int mixed, double (*now)(void), struct source *src, double *t,
               struct err *e)
{
    struct gen_opts o = {.sample = {.temperature = 1, .top_p = 1},
                         .max_new = s->max_new, .batch = batch, .seed = 3};
    struct gen_io io = {next, done, src, 0, NULL};
    int r;

    for (int i = 0; mixed && i < CONFIG_MAX_EOS; i++)
        o.eos[o.n_eos++] = i + 1;
    *src = (struct source){.prompt = src->prompt, .n = n,
                           .n_prompt = batch == 1 ? 4 : s->prompt};
    *t = now();
    r = gen_run(m, &o, &io, e);
    *t = now() - *t;
    return r;
}

/* ---- a measurement ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* One stream against the bandwidth of memory, or of the cache that holds the
 * weights. */
static void one_stream(const struct model *m, const char *variant,
                       enum dtype t, int threads, double tokens_s)
{
    double bytes = (double)model_params(m)->n_values * (double)dtype_size(t);
    double rate = reading_rate(variant, threads, ((size_t)bytes >> 20) << 20,
                               bytes > 1e8 ? 5 : 50);

    printf("one stream: weights of %.4f GB a token, read at %.1f GB/s; such a "
           "buffer is read at %.1f GB/s, %.1f tokens/s: %.1f%%\n", bytes / 1e9,
           bytes * tokens_s / 1e9, rate / 1e9, rate / bytes,
           100 * bytes * tokens_s / rate);
}

static int measure(struct model *m, const struct shape *s, int threads,
                   int batch, int mixed, double *tokens_s, struct err *e)
{
    double (*now)(void) = threads == 1 ? roof_now : roof_wall;
    int n = batch == 1 ? 1 : s->n;
    struct meter_sum kept[N_METER_OPS];
    struct source src = {0};
    double t[16], best = 1e9;
    int r;

    src.prompt = malloc(sizeof(int32_t) * (size_t)(s->n + s->prompt));
    for (int i = 0; i < s->n + s->prompt; i++)
        src.prompt[i] = (int32_t)((uint32_t)i * 2654435761u %
                                  (uint32_t)(s->c.vocab - 9) + 9);
    r = run(m, s, n, batch, mixed, now, &src, &t[0], e);
    for (int i = 0; i < s->repeat && !r; i++) {
        meter_clear();
        r = run(m, s, n, batch, mixed, now, &src, &t[i], e);
        if (!r && t[i] < best) {
            best = t[i];
            memcpy(kept, meter.op, sizeof kept);
        }
    }
    free(src.prompt);
    if (r)
        return r;
    memcpy(meter.op, kept, sizeof kept);
    qsort(t, (size_t)s->repeat, sizeof *t, ascending);
    printf("\n%s, batch %d%s, %d thread(s): %ld tokens, %ld rows\n", s->name,
           batch, mixed ? ", mixed lengths" : "", threads, src.tokens,
           src.rows);
    meter_print(best, 1);
    printf("%.0f tokens/s (%.0f to %.0f), %.0f rows/s\n",
           (double)src.tokens / t[s->repeat / 2],
           (double)src.tokens / t[s->repeat - 1], (double)src.tokens / t[0],
           (double)src.rows / t[s->repeat / 2]);
    *tokens_s = (double)src.tokens / t[s->repeat / 2];
    return 0;
}

static int bench(const struct shape *s, const char *arm_text, int threads,
                 int batch, struct roof *roof, struct err *e)
{
    struct config c = s->c;
    struct kernels *k = NULL;
    struct model *m = NULL;
    struct arm arm;
    double tokens_s = 0;
    int r = arm_parse(&arm, arm_text, e);

    c.tied = 1;
    c.arch = &arch_qwen2;
    c.rope_theta = 1e4;
    c.rms_eps = 1e-6;
    if (!r)
        r = kernels_open(&k, "cpu", threads, arm.order.k, e);
    if (!r && roof->flop_s == 0) {
        if (roof_measure(roof, k->variant) < 0)
            r = err_set(e, ERR_IO, "out of memory");
        printf("%s, arm %s; ", k->variant, arm.name);
        roof_print(roof);
    }
    if (!r) {
        meter_on(k, roof, threads == 1 ? roof_now : roof_wall);
        r = model_open(&m, &c, &arm, k, 0, e);
    }
    if (!r)
        r = bench_weights(m, e);
    for (int mixed = 0; mixed < (batch == 1 ? 1 : 2) && !r; mixed++)
        r = measure(m, s, threads, batch ? batch : s->batch, mixed, &tokens_s,
                    e);
    if (!r && batch == 1)
        one_stream(m, k->variant, arm.compute, threads, tokens_s);
    model_close(&m);
    kernels_close(&k);
    return r;
}

int main(int argc, char **argv)
{
    struct meter_args a = meter_args(argc, argv, "tiny");
    struct roof roof = {0};
    struct err e = {0};

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strstr(shapes[i].name, a.only) &&
            bench(&shapes[i], a.arm, a.threads, a.size, &roof, &e) < 0) {
            fprintf(stderr, "generate: %s: %s\n", shapes[i].name, e.msg);
            return 1;
        }
    return 0;
}
