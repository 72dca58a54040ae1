/* backend - the CPU's table of operations, its memory, scratch and errors */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#include "cpu.h"

/* Below this many operations a loop runs on the calling thread. */
#define PARALLEL_COST 150000.0
#define HUGE_PAGE ((size_t)2 << 20)

static void *aligned(size_t n)
{
    int big = n >= 4 * HUGE_PAGE;
    size_t a = big ? HUGE_PAGE : 64;
    void *p = NULL;

    if (n > (size_t)-1 - a)
        return NULL;
    n = n ? (n + a - 1) / a * a : a;
    if (posix_memalign(&p, a, n))
        return NULL;
#ifdef __linux__
    if (big)
        madvise(p, n, MADV_HUGEPAGE);
#endif
    return p;
}

void NAME(cpu_fail)(struct cpu *c, const char *fmt, ...)
{
    char msg[512];
    va_list ap;

    if (c->first_err.code)
        return;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    err_set(&c->first_err, ERR_DATA, "%s", msg);
}

static void *grow(struct scratch *s, size_t n)
{
    if (s->n >= n && s->p)
        return s->p;
    free(s->p);
    s->n = n + n / 4;
    s->p = aligned(s->n);
    if (!s->p)
        s->n = 0;
    return s->p;
}

static void out_of_memory(struct cpu *c, size_t n)
{
    if (!c->first_err.code)
        err_set(&c->first_err, ERR_IO,
                "cpu: out of memory: %zu bytes of scratch", n);
}

void *NAME(cpu_shared)(struct cpu *c, int slot, size_t n)
{
    void *p = grow(&c->shared[slot], n);

    if (!p)
        out_of_memory(c, n);
    return p;
}

void *NAME(cpu_worker)(struct cpu *c, int worker, int slot, size_t n)
{
    void *p = grow(&c->worker[worker * MAX_SCRATCH + slot], n);

    if (!p)
        out_of_memory(c, n);
    return p;
}

struct range_job {
    void (*fn)(void *ctx, long lo, long hi, int worker);
    void *ctx;
    long n, tasks;
};

static void range_task(void *ctx, long i, int worker)
{
    const struct range_job *j = ctx;

    j->fn(j->ctx, j->n * i / j->tasks, j->n * (i + 1) / j->tasks, worker);
}

void NAME(cpu_for)(struct cpu *c, long n, double cost,
                   void (*fn)(void *ctx, long lo, long hi, int worker),
                   void *ctx)
{
    struct range_job j = {fn, ctx, n, 0};
    double pieces = (double)n * cost / (PARALLEL_COST / 4);

    if (n <= 0)
        return;
    if (c->n_threads == 1 || n == 1 || pieces < 4) {
        fn(ctx, 0, n, 0);
        return;
    }
    j.tasks = c->n_threads * 4;
    if (pieces < (double)j.tasks)
        j.tasks = (long)pieces;
    if (j.tasks > n)
        j.tasks = n;
    pool_for(c->pool, j.tasks, range_task, &j);
}

const int32_t *NAME(cpu_perm)(struct cpu *c, uint32_t what, long rows,
                              long cols, long n)
{
    long blocks = (n + CANON_BLOCK - 1) / CANON_BLOCK;
    int32_t *p;

    if (c->k.order.kind != ORDER_SHUFFLED || blocks < 2)
        return NULL;
    p = NAME(cpu_shared)(c, S_PERM, (size_t)blocks * sizeof *p);
    if (p)
        canon_perm(c->k.order.seed, c->k.order_nonce, what, (uint32_t)rows,
                   (uint32_t)cols, p, (int)blocks);
    return p;
}

static void *op_alloc(struct kernels *k, size_t bytes, struct err *e)
{
    void *p = aligned(bytes);

    (void)k;
    if (!p) {
        err_set(e, ERR_IO, "cpu: out of memory: %zu bytes", bytes);
        return NULL;
    }
    return memset(p, 0, bytes ? bytes : 1);
}

static void op_free(struct kernels *k, void *p)
{
    (void)k;
    free(p);
}

static void op_copy(struct kernels *k, void *dst, const void *src, size_t n)
{
    (void)k;
    if (n)
        memmove(dst, src, n);
}

static void op_zero(struct kernels *k, void *p, size_t n)
{
    (void)k;
    if (n)
        memset(p, 0, n);
}

static int op_sync(struct kernels *k, struct err *e)
{
    struct cpu *c = cpu_of(k);

    if (!c->first_err.code)
        return 0;
    if (e)
        *e = c->first_err;
    c->first_err.code = 0;
    return -(e ? e->code : ERR_DATA);
}

static void op_close(struct kernels *k)
{
    struct cpu *c = cpu_of(k);

    for (int i = 0; i < MAX_SCRATCH; i++)
        free(c->shared[i].p);
    for (int i = 0; c->worker && i < c->n_threads * MAX_SCRATCH; i++)
        free(c->worker[i].p);
    free(c->worker);
    pool_close(&c->pool);
    free(c);
}

static void fill(struct kernels *k)
{
    k->alloc = op_alloc;
    k->free = op_free;
    k->upload = op_copy;
    k->download = op_copy;
    k->copy = op_copy;
    k->zero = op_zero;
    k->sync = op_sync;
    k->close = op_close;
#define SET(op) k->op = NAME(op_##op);
    K_OPS(SET)
#undef SET
}

int NAME(cpu_open)(struct kernels **k, int n_threads, struct k_order order,
                   struct err *e)
{
    struct cpu *c = calloc(1, sizeof *c);

    if (!c)
        return err_set(e, ERR_IO, "cpu: out of memory");
    c->pool = pool_open(n_threads);
    c->n_threads = c->pool ? pool_threads(c->pool) : 0;
    c->worker = calloc((size_t)c->n_threads * MAX_SCRATCH + 1,
                       sizeof *c->worker);
    fill(&c->k);
    if (!c->pool || !c->worker) {
        op_close(&c->k);
        return err_set(e, ERR_IO, "cpu: out of memory");
    }
    c->k.name = "cpu";
    c->k.n_threads = c->n_threads;
    c->k.order = order;
    *k = &c->k;
    return 0;
}
