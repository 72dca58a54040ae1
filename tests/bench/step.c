/* step - a whole training step: tokens a second, and each operation in it
 * against its own roofline
 *
 * usage: step [fp32|bf16|fp16|ARM] [tiny|0.5B] [THREADS] [MICRO]
 *
 * bf16 and fp16 are types here: the arms bf16-mixed and fp16-mixed. The step is
 * step.h's. "model FLOPs" are those of the mathematics, 6 a weight and row and
 * those of attention and head, nothing counted twice: their share of the
 * multiply-add peak is how much faster the same rows could be at most. Time is
 * the processor's with one thread, the clock's with more, whose bounds are one
 * core's divided by the threads.
 */
#include "meter.h"
#include "step.h"

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

static int measure(struct model *m, struct adamw *a, const struct shape *s,
                   int threads, int micro, const struct roof *roof,
                   struct err *e)
{
    double (*now)(void) = threads == 1 ? roof_now : roof_wall, best = 1e9;
    struct meter_sum kept[N_METER_OPS];
    struct batch b = batch_make(s);
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
    batch_drop(&b);
    if (r)
        return r;
    memcpy(meter.op, kept, sizeof kept);
    printf("\n%s, %s, %d thread(s), %.0f tokens a step, micro-batches of %d\n",
           s->name, a->arm.name, threads, tokens, micro);
    meter_print(best, s->steps);
    best /= s->steps;
    printf("a step: %.3f ms, %.0f tokens/s; model FLOPs %.3f G, %.1f GFLOP/s, "
           "%.1f%% of the peak\n",
           1e3 * best, tokens / best, flops / 1e9, flops / best / 1e9,
           100 * flops / best / roof->flop_s / threads);
    printf("at the peak it would be %.0f tokens/s\n",
           tokens * roof->flop_s * threads / flops);
    return 0;
}

static int bench(const struct shape *s, const char *arm_text, int threads,
                 int micro, struct roof *roof, struct err *e)
{
    const struct config c = shape_config(s);
    struct kernels *k = NULL;
    struct model *m = NULL;
    struct adamw *a = NULL;
    struct arm arm;
    int r = arm_parse(&arm, arm_text, e);

    if (!r)
        r = kernels_open(&k, "cpu", threads, arm.order.k, e);
    if (!r && roof->flop_s == 0) {
        if (roof_measure(roof, k->variant) < 0)
            r = err_set(e, ERR_IO, "out of memory");
        printf("%s; ", k->variant);
        roof_print(roof);
    }
    if (!r) {
        meter_on(k, roof, threads == 1 ? roof_now : roof_wall);
        r = model_open(&m, &c, &arm, k, MODEL_TRAIN, e);
    }
    if (!r)
        r = adamw_open(&a, k, model_params(m), &arm, &step_opts, e);
    if (!r)
        r = step_weights(m, a, e);
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
