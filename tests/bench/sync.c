/* sync - weights to the sampler as what changed, beside all of them
 *
 * usage: sync [ARM] [tiny|0.5B|full] [STEPS] [THREADS]
 *
 * Random weights move by AdamW at lr 1e-6 under random gradients; "0.5B" has a
 * quarter of Qwen2.5-0.5B's layers and vocabulary, "full" all. After each step
 * two pairs of publisher and reader take turns over a FIFO each, one of which
 * sends all weights. Seconds are from the first look at the weights until the
 * reader has them in its memory; what a sampler then does with them is the same
 * for both. Bytes are those of the weights and of what changed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../kernels/canon.h"
#include "../../lib/base/clock.h"
#include "../../lib/generate/changes.h"
#include "../../lib/train/publish.h"
#include "median.h"
#include "step.h"

enum { MOST = 1000, TABLE = 1 << 20 };

struct pair {
    struct sync *sync;
    struct publisher *out;
    pid_t reader;
    int ready; /* pipe: after a message, the reader's CPU seconds for it */
    double s[MOST], cpu[MOST], ratio[MOST];
};

/* ---- the reader ------------------------------------------------------ */

static int take(struct sync *s, const struct sync_msg *m, uint8_t *kept,
                struct delta_coder *c, struct err *e)
{
    size_t width = dtype_size(m->t), n = m->n_bytes / width;
    char policy[33];
    int r = 0;

    if (m->type == SYNC_WEIGHTS)
        r = sync_get_weights(s, kept, m->n_bytes, e);
    for (size_t at = 0; m->type == SYNC_CHANGES && at < n && !r;
         at += CHANGES_RUN) {
        size_t some = n - at < CHANGES_RUN ? n - at : CHANGES_RUN, got;
        const void *p;

        r = sync_get_changes(s, &p, &got, e);
        if (!r)
            r = changes_apply(c, p, got, kept + at * width, some, (int)width);
    }
    return r ? r : sync_check_weights(s, policy, e);
}

static int reader(const char *fifo, size_t most, int ready)
{
    struct delta_coder *c = delta_coder_open();
    uint8_t *kept = malloc(most);
    struct sync *s = NULL;
    struct sync_msg m;
    struct err e = {0};
    double began = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    int r = kept ? sync_open(&s, fifo, 0, &e) : 1;

    while (!r && !(r = sync_recv(s, &m, &e)) && m.type != SYNC_END) {
        double cpu;

        r = take(s, &m, kept, c, &e);
        cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - began;
        began += cpu;
        if (!r && write(ready, &cpu, sizeof cpu) != sizeof cpu)
            r = 1;
    }
    if (r)
        fprintf(stderr, "sync: reader: %s\n", e.msg);
    sync_close(&s);
    delta_coder_close(&c);
    free(kept);
    return r != 0;
}

static int open_pair(struct pair *p, const struct adamw *a, size_t bytes,
                     int whole, int threads, struct err *e)
{
    const char *dir = getenv("TMPDIR");
    struct publish_opts o = {.a = a, .threads = threads, .whole = whole};
    char fifo[400], policy[33];
    int ready[2], r;

    snprintf(fifo, sizeof fifo, "%.300s/ulp-bench-sync.%d.%d",
             dir ? dir : "/tmp", (int)getpid(), whole);
    if (mkfifo(fifo, 0600) || pipe(ready))
        return err_errno(e, ERR_IO, "%s", fifo);
    fflush(stdout);
    p->reader = fork();
    if (p->reader == 0)
        _exit(reader(fifo, bytes, ready[1]));
    close(ready[1]);
    p->ready = ready[0];
    r = sync_open(&p->sync, fifo, 1, e);
    unlink(fifo);
    if (r)
        return r;
    o.sync = p->sync;
    o.model = "bench";
    publish_open(&p->out, &o);
    return publish_weights(p->out, -1, NULL, policy, e);
}

static int turn(struct pair *p, int64_t step, struct err *e)
{
    const struct publish_stats *st = publish_last(p->out);
    double t = clock_s(CLOCK_MONOTONIC), readers = 0;
    double cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    char policy[33];
    int r = publish_weights(p->out, step, NULL, policy, e);

    if (!r && read(p->ready, &readers, sizeof readers) != sizeof readers)
        r = err_set(e, ERR_IO, "the reader is gone");
    p->s[step] = clock_s(CLOCK_MONOTONIC) - t;
    p->cpu[step] = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu + readers;
    p->ratio[step] = (double)st->bytes / (double)st->all;
    return r;
}

static void close_pair(struct pair *p, struct err *e)
{
    if (p->sync)
        (void)!sync_send_end(p->sync, e);
    publish_close(&p->out);
    sync_close(&p->sync);
    if (p->reader > 0)
        waitpid(p->reader, NULL, 0);
}

/* ---- steps ----------------------------------------------------------- */

static double uniform(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return (double)(*s >> 11) * 0x1p-53;
}

/* Random gradients out of a table, shifted from step to step. */
static void fill(void *g, enum dtype t, size_t n, int step)
{
    static float table[TABLE];
    uint64_t s = 7;

    for (int i = 0; !step && i < TABLE; i++) {
        double sum = -6;

        for (int j = 0; j < 12; j++)
            sum += uniform(&s);
        table[i] = (float)(1e-3 * sum);
    }
    for (size_t i = 0; i < n; i++) {
        float v = table[(i * 31 + (size_t)step * 7919 + i / TABLE) % TABLE];

        if (t == DT_F32)
            ((float *)g)[i] = v;
        else
            ((uint16_t *)g)[i] = canon_round_bf16(v);
    }
}

static void line(const char *what, const double *a, const double *b, int n)
{
    double q[MOST];

    for (int i = 0; i < n; i++)
        q[i] = a[i] / b[i];
    qsort(q, (size_t)n, sizeof *q, by_value);
    printf("  %-8s %.4f, of all weights %.4f, ratio %.3f (%.3f to %.3f)\n",
           what, median(a, n), median(b, n), median(q, n), q[n / 4],
           q[n - 1 - n / 4]);
}

/* Without the first step, after which both send all. */
static void report(const struct pair *p, int steps)
{
    printf("  bytes    %.4f of all weights\n",
           median(p[0].ratio + 1, steps - 1));
    line("seconds", p[0].s + 1, p[1].s + 1, steps - 1);
    line("cpu", p[0].cpu + 1, p[1].cpu + 1, steps - 1);
}

static int compare(struct adamw *a, int steps, int threads, struct err *e)
{
    size_t n = a->p->n_values;
    enum dtype t = arm_sampler(&a->arm).compute;
    static struct pair p[2];
    void *g = malloc(n * dtype_size(a->arm.grads));
    int r = g ? 0 : err_set(e, ERR_IO, "out of memory");

    for (int k = 0; k < 2 && !r; k++)
        r = open_pair(&p[k], a, n * dtype_size(t), k, threads, e);
    for (int i = 0; i < steps && !r; i++) {
        struct adamw_result res;

        fill(g, a->arm.grads, n, i);
        r = adamw_update(a, g, 1e-6, &res, e);
        for (int k = 0; k < 2 && !r; k++)
            r = turn(&p[(i + k) % 2], i, e);
    }
    if (!r)
        report(p, steps);
    for (int k = 0; k < 2; k++)
        close_pair(&p[k], e);
    free(g);
    return r;
}

static int bench(const char *text, const struct config *c, int steps,
                 int threads, struct err *e)
{
    struct params p = {0};
    struct kernels *k = NULL;
    struct adamw *a = NULL;
    struct arm arm;
    int r = arm_parse(&arm, text, e);
    float *flat = NULL;

    if (!r)
        r = params_list(&p, c, e);
    if (!r)
        r = kernels_open(&k, "cpu", threads, arm.order.k, e);
    if (!r)
        r = adamw_open(&a, k, &p, &arm, &step_opts, e);
    if (!r) {
        flat = malloc(p.n_values * sizeof *flat);
        pretrain_init(flat, &p, c, 0.02, 1);
        r = adamw_set_master(a, flat, e);
        free(flat);
    }
    if (!r)
        r = compare(a, steps, threads, e);
    adamw_close(&a);
    kernels_close(&k);
    params_free(&p);
    return r;
}

int main(int argc, char **argv)
{
    const char *arm = argc > 1 ? argv[1] : "bf16";
    const char *name = argc > 2 ? argv[2] : "tiny";
    int steps = argc > 3 ? atoi(argv[3]) : 6;
    int threads = argc > 4 ? atoi(argv[4]) : 2;
    const struct shape *s = &shapes[strcmp(name, "tiny") != 0];
    struct config c = shape_config(s);
    struct err e = {0};

    steps = steps < 2 ? 2 : steps > MOST ? MOST : steps;
    if (!strcmp(name, "full")) {
        c.layers *= 4;
        c.vocab *= 4;
    }
    printf("%s, %s, %d steps, %d thread(s)\n", arm, name, steps, threads);
    if (bench(arm, &c, steps, threads, &e)) {
        fprintf(stderr, "sync: %s\n", e.msg);
        return 1;
    }
    return 0;
}
