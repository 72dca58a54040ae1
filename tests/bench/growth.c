/* growth - how time and memory grow with the batch, the context and the model
 *
 * usage: growth [ARM] [THREADS] < POINTS    (tests/bench/growth.sh has them)
 *
 * A point is a line: generate, score or train; a shape; sequences; positions
 * of each. generate: that many samples of one prompt, which part at once; the
 * time is that of decoding the last positions, without the prompt. score:
 * log-probabilities of all tokens. train: forward, backward and AdamW; of each
 * sequence the second half is scored.
 *
 * A point is a process of its own. Printed of each: the point, tokens and rows
 * (of sequences and model) of a run, its seconds, the seconds that its
 * operations take at least on this machine (meter.h, roof.h), the largest
 * resident memory and the weights' part of it in MB. Time is the processor's
 * with one thread, the clock's with more. The median of a few runs.
 */
#include <sys/wait.h>
#include <unistd.h>
#include "../../lib/generate/gen.h"
#include "median.h"
#include "meter.h"
#include "reading.h"
#include "step.h"
#include "weights.h"

enum { NEW = 16, MICRO = 4096, RUNS = 7 };
#define ENOUGH_S 1.0 /* of runs */

struct size {
    const char *name;
    struct config c;
};

static const struct size sizes[] = {
    {"tiny",
     {.hidden = 96, .layers = 3, .heads = 4, .kv_heads = 2, .head_dim = 24,
      .ffn = 256, .vocab = 470, .max_pos = 4097}},
    {"17M",
     {.hidden = 384, .layers = 8, .heads = 6, .kv_heads = 2, .head_dim = 64,
      .ffn = 1024, .vocab = 12288, .max_pos = 4097}},
    {"135M",
     {.hidden = 576, .layers = 30, .heads = 9, .kv_heads = 3, .head_dim = 64,
      .ffn = 1536, .vocab = 49152, .max_pos = 4097}},
};

struct point {
    char what[16], shape[16];
    int n, len; /* sequences; positions of each */
};

struct result {
    double tokens, s, bound_s, peak_mb, weights_mb;
};

struct bench {
    const struct point *p;
    struct model *m;
    struct adamw *a;
    struct batch b;
    struct source {
        int32_t *prompt;
        int n, n_prompt, at;
        double tokens;
    } src;
};

/* ---- generation ---- */

static double decoding_since; /* 0: the prompt is not done */

static void first_draw(struct kernels *k, enum dtype t, enum dtype lt,
                       int32_t *token, float *logp, const void *x,
                       const struct k_weight *W, const float *u,
                       const int32_t *first, struct k_sample s, int T,
                       int V, int H)
{
    m_head_sample(k, t, lt, token, logp, x, W, u, first, s, T, V, H);
    if (decoding_since > 0)
        return;
    meter_clear();
    decoding_since = meter.now();
}

static int next(void *ctx, struct gen_req *q, struct err *e)
{
    struct source *s = ctx;

    (void)e;
    if (s->at == s->n)
        return 0;
    *q = (struct gen_req){.prompt = s->prompt, .n_prompt = s->n_prompt,
                          .sample = s->at++};
    return 1;
}

static int done(void *ctx, const struct gen_res *r, struct err *e)
{
    struct source *s = ctx;

    (void)e;
    s->tokens += r->n - 1;
    return 0;
}

static int generate(struct bench *x, double *tokens, double *s, struct err *e)
{
    struct gen_opts o = {.sample = {.temperature = 1, .top_p = 1},
                         .max_new = NEW + 1, .batch = x->p->n, .seed = 3};
    struct gen_io io = {next, done, &x->src, 0, NULL};
    int r;

    x->src.n = x->p->n;
    x->src.n_prompt = x->p->len - NEW;
    x->src.at = 0;
    x->src.tokens = decoding_since = 0;
    r = gen_run(x->m, &o, &io, e);
    *s = meter.now() - decoding_since;
    *tokens = x->src.tokens;
    return r;
}

/* ---- scoring and training ---- */

static int teacher_forced(struct bench *x, double *tokens, double *s,
                          struct err *e)
{
    const struct batch *b = &x->b;
    const struct seqs q = {b->n, b->start, b->tokens, b->first, b->id, NULL};
    int r;

    meter_clear();
    *s = meter.now();
    r = x->a ? step(x->m, x->a, b, MICRO, e)
             : model_logp(x->m, &q, 1, MICRO, b->logp, NULL, e);
    *s = meter.now() - *s;
    *tokens = b->start[b->n];
    return r;
}

/* ---- a point ---- */

/* The largest resident memory since peak_clear(), in MB. */
static void peak_clear(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");

    if (f) {
        fputs("5", f);
        fclose(f);
    }
}

static double peak_mb(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[200];
    double kib = 0;

    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "VmHWM:", 6))
            kib = strtod(line + 6, NULL);
    if (f)
        fclose(f);
    return kib * 1024 / 1e6;
}

static double bound_now(void)
{
    double s = 0;

    for (int i = 0; i < N_METER_OPS; i++)
        s += meter.op[i].bound;
    return s;
}

static int repeat(struct bench *x, struct result *res, struct err *e)
{
    int (*run)(struct bench *, double *, double *, struct err *) =
        strcmp(x->p->what, "generate") ? teacher_forced : generate;
    double s[RUNS], all = 0;
    int n = 0, r = run(x, &res->tokens, &s[0], e); /* memory is taken */

    while (!r && n < RUNS && (n < 3 || all < ENOUGH_S) &&
           all < 8 * ENOUGH_S) {
        r = run(x, &res->tokens, &s[n], e);
        all += s[n++];
    }
    if (r)
        return r;
    res->bound_s = bound_now();
    res->s = median(s, n);
    return 0;
}

static const struct size *size_of(const char *name)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (!strcmp(sizes[i].name, name))
            return &sizes[i];
    return NULL;
}

/* Sequences of one length that share nothing. */
static struct batch sequences(const struct point *p, const struct config *c)
{
    const struct shape s = {.c = *c, .n = p->n, .prompt = p->len / 2,
                            .shortest = p->len - p->len / 2,
                            .longest = p->len - p->len / 2};
    struct batch b = batch_make(&s);

    memset(b.shared, 0, ((size_t)b.n + 1) * sizeof *b.shared);
    for (int i = 0; i < b.n && !strcmp(p->what, "score"); i++)
        b.first[i] = 1;
    return b;
}

static int measure(const struct point *p, const char *arm_text, int threads,
                   const struct roof *roof, struct result *res, struct err *e)
{
    const struct shape s = {.c = size_of(p->shape)->c};
    const struct config c = shape_config(&s);
    int train = !strcmp(p->what, "train");
    struct bench x = {.p = p};
    struct kernels *k = NULL;
    struct arm arm;
    int r = arm_parse(&arm, arm_text, e);

    if (!r)
        r = kernels_open(&k, "cpu", threads, arm.order.k, e);
    if (r)
        return r;
    meter_on(k, roof, threads == 1 ? roof_now : roof_wall);
    k->head_sample = first_draw;
    r = model_open(&x.m, &c, &arm, k, train ? MODEL_TRAIN : 0, e);
    if (!r && train)
        r = adamw_open(&x.a, k, model_params(x.m), &arm, &step_opts, e);
    if (!r)
        r = train ? step_weights(x.m, x.a, e) : bench_weights(x.m, e);
    x.b = sequences(p, &c);
    x.src.prompt = x.b.tokens;
    if (!r) {
        res->weights_mb = (double)model_params(x.m)->n_values *
                          (double)dtype_size(arm.compute) / 1e6;
        peak_clear();
        r = repeat(&x, res, e);
        res->peak_mb = peak_mb();
    }
    batch_drop(&x.b);
    adamw_close(&x.a);
    model_close(&x.m);
    kernels_close(&k);
    return r;
}

/* In a process of its own, whose memory is the point's. */
static int apart(const struct point *p, const char *arm, int threads,
                 const struct roof *roof)
{
    struct result res = {0};
    struct err e = {0};
    int status = 0;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid > 0)
        return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
    if (!pid && !measure(p, arm, threads, roof, &res, &e)) {
        printf("%s\t%s\t%d\t%d\t%.0f\t%.6g\t%.6g\t%.1f\t%.1f\n", p->what,
               p->shape, p->n, p->len, res.tokens, res.s, res.bound_s,
               res.peak_mb, res.weights_mb);
        exit(fflush(stdout) ? 1 : 0);
    }
    fprintf(stderr, "growth: %s %s %d %d: %s\n", p->what, p->shape, p->n,
            p->len, pid ? "no process" : e.msg);
    if (!pid)
        exit(1);
    return -1;
}

static int is_point(const struct point *p)
{
    return size_of(p->shape) && p->n > 0 && p->len > NEW && p->len <= 4096 &&
           (!strcmp(p->what, "generate") || !strcmp(p->what, "score") ||
            !strcmp(p->what, "train"));
}

static int machine(struct roof *roof, struct err *e)
{
    struct kernels *k = NULL;
    int r = kernels_open(&k, "cpu", 1, (struct k_order){0}, e);

    if (!r && roof_measure(roof, k->variant) < 0)
        r = err_set(e, ERR_IO, "out of memory");
    if (!r) {
        printf("# %s; ", k->variant);
        printf("one core: %.1f GFLOP/s of multiply-adds; memory read at "
               "%.1f GB/s, copied at %.1f\n", roof->flop_s / 1e9,
               roof->read[ROOF_SIZES - 1] / 1e9,
               roof->copy[ROOF_SIZES - 1] / 1e9);
    }
    kernels_close(&k);
    return r;
}

int main(int argc, char **argv)
{
    const char *arm = argc > 1 ? argv[1] : "fp32";
    int threads = argc > 2 ? atoi(argv[2]) : 1;
    struct roof roof = {0};
    struct err e = {0};
    struct point p;
    char line[200];

    if (machine(&roof, &e)) {
        fprintf(stderr, "growth: %s\n", e.msg);
        return 1;
    }
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "%15s %15s %d %d", p.what, p.shape, &p.n, &p.len) !=
                4 ||
            !is_point(&p)) {
            fprintf(stderr, "growth: not a point: %s", line);
            return 2;
        }
        if (apart(&p, arm, threads, &roof))
            return 1;
    }
    return 0;
}
