/* update - the cost of an update of one arm over that of another
 *
 * usage: update [ARM_A] [ARM_B] [tiny|0.5B] [THREADS] [PAIRS] [MICRO]
 *
 * Both arms are open in one process and take turns, so that a ratio is of two
 * neighbours. Time is the processor's, of all threads. "update" is the whole
 * of step.h: forward, backward, clip, AdamW, compute weights; "optimizer" is
 * the clip and AdamW alone. State: bytes a value of weights, gradients,
 * moments and compensation.
 */
#include <stdio.h>
#include "../../lib/base/clock.h"
#include "median.h"
#include "step.h"

enum { MOST = 1001 };

struct side {
    struct arm arm;
    struct kernels *k;
    struct model *m;
    struct adamw *a;
    double update_s[MOST], optimizer_s[MOST];
};

static int side_open(struct side *d, const char *arm, const struct config *c,
                     int threads, struct err *e)
{
    int r = arm_parse(&d->arm, arm, e);

    if (!r)
        r = kernels_open(&d->k, "cpu", threads, d->arm.order.k, e);
    if (!r)
        r = model_open(&d->m, c, &d->arm, d->k, MODEL_TRAIN, e);
    if (!r)
        r = adamw_open(&d->a, d->k, model_params(d->m), &d->arm, &step_opts, e);
    return r ? r : step_weights(d->m, d->a, e);
}

static void side_close(struct side *d)
{
    adamw_close(&d->a);
    model_close(&d->m);
    kernels_close(&d->k);
}

static size_t state_bytes(const struct arm *a)
{
    return dtype_size(a->master) + dtype_size(a->grads) +
           2 * dtype_size(a->adam) + (a->kahan ? 2 : 0);
}

/* One update; then the optimizer once more, alone, with the same gradients. */
static int turn(struct side *d, const struct batch *b, int micro, int i,
                struct err *e)
{
    struct adamw_result res;
    double t = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    int r = step(d->m, d->a, b, micro, e);

    d->update_s[i] = clock_s(CLOCK_PROCESS_CPUTIME_ID) - t;
    t = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    if (!r)
        r = adamw_update(d->a, model_grads(d->m), 1e-6, &res, e);
    d->optimizer_s[i] = clock_s(CLOCK_PROCESS_CPUTIME_ID) - t;
    return r;
}

static void report(const char *what, const double *a, const double *b, int n)
{
    double q[MOST];

    for (int i = 0; i < n; i++)
        q[i] = a[i] / b[i];
    qsort(q, (size_t)n, sizeof *q, by_value);
    printf("%-10s %10.3f ms %10.3f ms   ratio %.3f (%.3f to %.3f)\n", what,
           1e3 * median(a, n), 1e3 * median(b, n), median(q, n), q[n / 4],
           q[n - 1 - n / 4]);
}

static int compare(const struct shape *s, char **arm, int threads, int pairs,
                   int micro, struct err *e)
{
    const struct config c = shape_config(s);
    static struct side d[2];
    struct batch b = batch_make(s);
    int r = 0;

    for (int k = 0; k < 2 && !r; k++)
        r = side_open(&d[k], arm[k], &c, threads, e);
    for (int k = 0; k < 2 && !r; k++)
        r = turn(&d[k], &b, micro, 0, e); /* pages and panels are made */
    for (int i = 0; i < pairs && !r; i++)
        for (int k = 0; k < 2 && !r; k++)
            r = turn(&d[(i + k) % 2], &b, micro, i, e);
    if (!r) {
        printf("%s, %d thread(s), %d pairs, %d tokens, micro-batches of %d\n"
               "A = %s: %zu bytes of state a value\n"
               "B = %s: %zu\n",
               s->name, threads, pairs, b.start[b.n], micro, arm[0],
               state_bytes(&d[0].arm), arm[1], state_bytes(&d[1].arm));
        printf("%-10s %13s %13s   A / B: median (quartiles)\n", "", "A", "B");
        report("update", d[0].update_s, d[1].update_s, pairs);
        report("optimizer", d[0].optimizer_s, d[1].optimizer_s, pairs);
    }
    batch_drop(&b);
    for (int k = 0; k < 2; k++)
        side_close(&d[k]);
    return r;
}

int main(int argc, char **argv)
{
    char *arm[2] = {argc > 1 ? argv[1] : "bf16",
                    argc > 2 ? argv[2] : "bf16-weights,prefixes=apart"};
    const char *only = argc > 3 ? argv[3] : "tiny";
    int threads = argc > 4 ? atoi(argv[4]) : 1;
    int pairs = argc > 5 ? atoi(argv[5]) : 11;
    int micro = argc > 6 ? atoi(argv[6]) : 0;
    struct err e = {0};

    pairs = pairs < 1 ? 1 : pairs > MOST ? MOST : pairs;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (!strcmp(shapes[i].name, only) &&
            compare(&shapes[i], arm, threads, pairs,
                    micro ? micro : shapes[i].micro, &e) < 0) {
            fprintf(stderr, "update: %s\n", e.msg);
            return 1;
        }
    return 0;
}
