/* context - see context.h */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#include <sys/resource.h>
#include "context.h"

/* Below this many operations a loop runs on the calling thread. */
#define PARALLEL_COST 15000.0
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

void cpu_fail(struct cpu *c, const char *fmt, ...)
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

/* What was asked for and what there is; `ulimit -v` is what then counts. */
static void say_out(struct cpu *c, struct err *e, size_t n, const char *what)
{
    size_t free_bytes, total;
    struct rlimit lim;
    char limit[64] = "";

    account_host(&free_bytes, &total);
    if (getrlimit(RLIMIT_AS, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY)
        snprintf(limit, sizeof limit, ", ulimit -v at %llu MiB",
                 (unsigned long long)lim.rlim_cur >> 20);
    err_memory(e, "cpu: out of memory: %zu MiB asked for (%s), %zu MiB held, "
               "%zu MiB free of %zu%s", (n + 0xFFFFF) >> 20, what,
               c->mem.now >> 20, free_bytes >> 20, total >> 20, limit);
}

static void drop(struct cpu *c, struct scratch *s)
{
    account_sub(&c->mem, s->n);
    free(s->p);
    s->p = NULL;
    s->n = 0;
}

static void *grow(struct cpu *c, struct scratch *s, size_t n)
{
    if (s->p && s->n >= n)
        return s->p;
    drop(c, s);
    n = account_room(n);
    s->p = aligned(n);
    if (s->p) {
        s->n = n;
        account_add(&c->mem, n);
    } else if (!c->first_err.code) {
        say_out(c, &c->first_err, n, "scratch");
    }
    return s->p;
}

void *cpu_shared(struct cpu *c, int slot, size_t n)
{
    return grow(c, &c->shared[slot], n);
}

void *cpu_worker(struct cpu *c, int worker, int slot, size_t n)
{
    return grow(c, &c->worker[worker * N_WORKER_SLOTS + slot], n);
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

void cpu_for(struct cpu *c, long n, double cost,
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
    j.tasks = c->n_threads * 8;
    if (pieces < (double)j.tasks)
        j.tasks = (long)pieces;
    if (j.tasks > n)
        j.tasks = n;
    pool_for(c->pool, j.tasks, range_task, &j);
}

const int32_t *cpu_perm(struct cpu *c, uint32_t what, long rows,
                        long cols, long n)
{
    long blocks = (n + CANON_BLOCK - 1) / CANON_BLOCK;
    int32_t *p;

    if (c->k.order.kind != ORDER_SHUFFLED || blocks < 2)
        return NULL;
    p = cpu_shared(c, S_PERM, perm_bytes(n));
    if (p)
        canon_perm(c->k.order.seed, c->k.order_nonce, what, (uint32_t)rows,
                   (uint32_t)cols, p, (int)blocks);
    return p;
}

/* ---- buffers ----
 * Of a large one the system's pages are zero already, and no page is touched
 * before its values are: those of many matrices lie end to end by then, and
 * share huge pages. Under a sanitizer the ends of each are watched instead. */

#ifdef __linux__
static int is_mapped(size_t n)
{
#ifdef __SANITIZE_ADDRESS__
    (void)n;
    return 0;
#else
    return n >= HUGE_PAGE / 4;
#endif
}
#endif

static void *zeros(size_t n)
{
    void *p;

#ifdef __linux__
    if (is_mapped(n)) {
        p = mmap(NULL, n, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return NULL;
        madvise(p, n, MADV_HUGEPAGE);
        return p;
    }
#endif
    p = aligned(n);
    return p ? memset(p, 0, n ? n : 1) : NULL;
}

static void give_back(void *p, size_t n)
{
    (void)n;
#ifdef __linux__
    if (p && is_mapped(n)) {
        munmap(p, n);
        return;
    }
#endif
    free(p);
}

static void *op_alloc(struct kernels *k, size_t bytes, struct err *e)
{
    struct cpu *c = cpu_of(k);
    void *p = zeros(bytes);

    if (p && !account_take(&c->mem, p, bytes))
        return p;
    give_back(p, bytes);
    say_out(c, e, bytes, "a buffer");
    return NULL;
}

static void op_free(struct kernels *k, void *p)
{
    give_back(p, account_give(&cpu_of(k)->mem, p));
}

static size_t all_scratch(const struct cpu *c)
{
    size_t n = 0;

    for (int i = 0; i < N_SLOTS; i++)
        n += c->shared[i].n;
    for (int i = 0; i < c->n_threads * N_WORKER_SLOTS; i++)
        n += c->worker[i].n;
    return n;
}

static void op_memory(struct kernels *k, struct k_memory *m)
{
    const struct cpu *c = cpu_of(k);

    *m = (struct k_memory){c->mem.now, c->mem.peak, all_scratch(c), 0, 0, 0};
    account_host(&m->free, &m->total);
}

static void op_trim(struct kernels *k)
{
    struct cpu *c = cpu_of(k);

    c->kept.n_rows = 0;
    for (int i = 0; i < N_SLOTS; i++)
        drop(c, &c->shared[i]);
    for (int i = 0; i < c->n_threads * N_WORKER_SLOTS; i++)
        drop(c, &c->worker[i]);
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

static void op_rest(struct kernels *k)
{
    pool_rest(cpu_of(k)->pool);
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

    if (c->worker)
        op_trim(k);
    free(c->worker);
    account_close(&c->mem);
    pool_close(&c->pool);
    free(c);
}

static void own_memory(struct kernels *k)
{
    k->alloc = op_alloc;
    k->free = op_free;
    k->upload = op_copy;
    k->download = op_copy;
    k->copy = op_copy;
    k->zero = op_zero;
    k->host_alloc = op_alloc;
    k->host_free = op_free;
    k->send = op_copy;
    k->fetch = op_copy;
    k->memory = op_memory;
    k->trim = op_trim;
    k->rest = op_rest;
    k->sync = op_sync;
    k->close = op_close;
}

int cpu_context(struct cpu **out, int n_threads, struct err *e)
{
    struct cpu *c = calloc(1, sizeof *c);

    if (!c)
        return err_memory(e, "cpu: out of memory");
    c->pool = pool_open(n_threads);
    c->n_threads = c->pool ? pool_threads(c->pool) : 0;
    c->worker = calloc((size_t)c->n_threads * N_WORKER_SLOTS + 1,
                       sizeof *c->worker);
    own_memory(&c->k);
    if (!c->pool || !c->worker) {
        op_close(&c->k);
        return err_memory(e, "cpu: out of memory");
    }
    c->k.n_threads = c->n_threads;
    *out = c;
    return 0;
}
