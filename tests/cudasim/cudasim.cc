/* cudasim - blocks and threads: each thread a fiber, one running at a time */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
#include <vector>
#include "cuda_runtime.h"
#include "memory.h"
#include "mma.h"
#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifdef ASAN
#include <sanitizer/common_interface_defs.h>
#endif

enum { MAX_THREADS = 1024, STACK = 96 << 10 };
enum state { DONE, READY, AT_BLOCK, AT_WARP };

struct fiber {
    char *stack;
    ucontext_t start;
    jmp_buf at;
    int begun;
    enum state state;
    dim3 thread;
    uint64_t value[2][6]; /* offered to its warp, by turns: a fast thread may
                           * offer the next before a slow one has read this */
    size_t size[2]; /* of the value */
    unsigned turn;
    int predicate;
};

dim3 cudasim_thread, cudasim_block, cudasim_block_dim, cudasim_grid;
void *cudasim_dynamic;

static struct fiber fibers[MAX_THREADS];
static int n_threads, current, counted;
static size_t dynamic_bytes;
static const struct cudasim_kernel *kernel;
static const char *kernel_name;
static ucontext_t scheduler_ctx;
static enum cudasim_order order;
static uint64_t rng = 1;

extern "C" char __start_cudasim_shared[], __stop_cudasim_shared[];

extern "C" void cudasim_set_order(enum cudasim_order o, uint64_t seed)
{
    order = o;
    rng = seed * 2 + 1;
}

void cudasim_stop(const char *why)
{
    fprintf(stderr, "cudasim: %s, block (%u,%u,%u), thread %d: %s\n",
            kernel_name, cudasim_block.x, cudasim_block.y, cudasim_block.z,
            current, why);
    abort();
}

static unsigned below(unsigned n)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (unsigned)((rng >> 32) % n);
}

/* p becomes the order in which 0 .. n-1 are taken */
static void shuffle(unsigned *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = order == CUDASIM_REVERSE ? n - 1 - i : i;
    for (unsigned i = n; order == CUDASIM_RANDOM && i > 1; i--) {
        unsigned j = below(i), t = p[i - 1];

        p[i - 1] = p[j];
        p[j] = t;
    }
}

/* ---- fibers: made once by makecontext, then switched by _longjmp, which
 * asks nothing of the kernel ---- */
#ifdef ASAN
static void *fake_main;
static const void *main_stack;
static size_t main_size;

static void to_fiber(struct fiber *f)
{
    __sanitizer_start_switch_fiber(&fake_main, f->stack, STACK);
    swapcontext(&scheduler_ctx, &f->start);
    __sanitizer_finish_switch_fiber(fake_main, NULL, NULL);
}

static void to_scheduler(void)
{
    void *fake;
    struct fiber *f = &fibers[current];

    __sanitizer_start_switch_fiber(&fake, main_stack, main_size);
    swapcontext(&f->start, &scheduler_ctx);
    __sanitizer_finish_switch_fiber(fake, &main_stack, &main_size);
}

static void entry(void)
{
    __sanitizer_finish_switch_fiber(NULL, &main_stack, &main_size);
    for (;;) {
        kernel->call(kernel->ctx);
        fibers[current].state = DONE;
        to_scheduler();
    }
}
#else
static jmp_buf scheduler;

static void to_fiber(struct fiber *f)
{
    if (_setjmp(scheduler))
        return;
    if (f->begun)
        _longjmp(f->at, 1);
    f->begun = 1;
    setcontext(&f->start);
}

static void to_scheduler(void)
{
    if (!_setjmp(fibers[current].at))
        _longjmp(scheduler, 1);
}

static void entry(void)
{
    for (;;) {
        kernel->call(kernel->ctx);
        fibers[current].state = DONE;
        to_scheduler();
    }
}
#endif

static void make(struct fiber *f)
{
    f->stack = (char *)malloc(STACK);
    if (!f->stack)
        cudasim_stop("out of memory");
    getcontext(&f->start);
    f->start.uc_stack.ss_sp = f->stack;
    f->start.uc_stack.ss_size = STACK;
    f->start.uc_link = &scheduler_ctx;
    makecontext(&f->start, entry, 0);
}

/* ---- barriers ---- */
static void release(int from, int to, enum state s)
{
    for (int i = from; i < to; i++)
        if (fibers[i].state != s)
            return; /* somebody is still on the way */
    if (s == AT_BLOCK)
        counted = 0;
    for (int i = from; i < to; i++) {
        fibers[i].state = READY;
        if (s == AT_BLOCK)
            counted += fibers[i].predicate;
    }
}

static void wait(enum state s)
{
    fibers[current].state = s;
    if (s == AT_BLOCK) {
        release(0, n_threads, s);
    } else {
        int from = current / 32 * 32;

        release(from, from + 32, s);
    }
    to_scheduler();
}

void cudasim_syncthreads(void)
{
    wait(AT_BLOCK);
}

int cudasim_sync_count(int predicate)
{
    fibers[current].predicate = predicate != 0;
    wait(AT_BLOCK);
    return counted;
}

int cudasim_lane(void)
{
    return current % 32;
}

int cudasim_current(void)
{
    return current;
}

int cudasim_in_shared(const void *p, size_t n)
{
    const char *c = (const char *)p, *d = (const char *)cudasim_dynamic;

    return (c >= __start_cudasim_shared && c + n <= __stop_cudasim_shared) ||
           (d && c >= d && c + n <= d + dynamic_bytes);
}

static void whole_warp(unsigned mask)
{
    if (mask != 0xFFFFFFFFu || current / 32 * 32 + 32 > n_threads)
        cudasim_stop("a warp operation without all 32 threads");
}

void cudasim_syncwarp(unsigned mask)
{
    whole_warp(mask);
    wait(AT_WARP);
}

/* Everyone's value of this turn is there when the wait ends. */
void cudasim_offer(const void *v, size_t n, unsigned *turn)
{
    struct fiber *f = &fibers[current];

    whole_warp(0xFFFFFFFFu);
    *turn = f->turn++ % 2;
    memcpy(f->value[*turn], v, n);
    f->size[*turn] = n;
    wait(AT_WARP);
}

const void *cudasim_offered(int lane, unsigned turn)
{
    const struct fiber *f = &fibers[current / 32 * 32 + lane];

    if (f->size[turn] != fibers[current].size[turn])
        cudasim_stop("threads of a warp meet in different operations");
    return f->value[turn];
}

uint64_t cudasim_shuffle(unsigned mask, uint64_t v, int from)
{
    unsigned turn;

    whole_warp(mask);
    cudasim_offer(&v, sizeof v, &turn);
    return *(const uint64_t *)cudasim_offered(from, turn);
}

unsigned cudasim_ballot(unsigned mask, int predicate)
{
    unsigned r = 0, turn, yes = predicate != 0;

    whole_warp(mask);
    cudasim_offer(&yes, sizeof yes, &turn);
    for (int i = 0; i < 32; i++)
        r |= *(const unsigned *)cudasim_offered(i, turn) << i;
    return r;
}

/* ---- a block, a grid ---- */
static void poison(size_t dynamic)
{
    char *p = __start_cudasim_shared;

    memset(p, 0xFF, (size_t)(__stop_cudasim_shared - p));
    if (dynamic)
        memset(cudasim_dynamic, 0xFF, dynamic);
}

static void run_block(void)
{
    static unsigned who[MAX_THREADS];
    int left = n_threads;

    for (int i = 0; i < n_threads; i++) {
        unsigned u = (unsigned)i;

        fibers[i].thread.x = u % cudasim_block_dim.x;
        fibers[i].thread.y =
            u / cudasim_block_dim.x % cudasim_block_dim.y;
        fibers[i].thread.z = u / cudasim_block_dim.x / cudasim_block_dim.y;
        fibers[i].state = READY;
        fibers[i].turn = 0;
        cudasim_cp_forget(i);
    }
    while (left > 0) {
        int moved = 0;

        shuffle(who, (unsigned)n_threads);
        for (int i = 0; i < n_threads; i++) {
            struct fiber *f = &fibers[who[i]];

            if (f->state != READY)
                continue;
            moved = 1;
            current = (int)who[i];
            cudasim_thread = f->thread;
            to_fiber(f);
            left -= f->state == DONE;
        }
        if (!moved)
            cudasim_stop("a barrier or shuffle that some threads never reach");
    }
}

static void launch(const char *name, const void *fn, dim3 grid, dim3 block,
                   size_t shared, const struct cudasim_kernel *k)
{
    size_t n = (size_t)grid.x * grid.y * grid.z;
    size_t threads = (size_t)block.x * block.y * block.z;
    unsigned *blocks;

    if (n == 0 || threads == 0 || threads > MAX_THREADS ||
        grid.x > 0x7FFFFFFFu || grid.y > 65535 || grid.z > 65535 ||
        !memory_shared_ok(fn, shared)) {
        memory_fail(cudaErrorInvalidConfiguration);
        return;
    }
    kernel = k;
    kernel_name = name;
    dynamic_bytes = shared;
    n_threads = (int)threads;
    cudasim_grid = grid;
    cudasim_block_dim = block;
    for (int i = 0; i < n_threads; i++)
        if (!fibers[i].stack)
            make(&fibers[i]);
    blocks = (unsigned *)malloc(n * sizeof *blocks);
    cudasim_dynamic = shared ? aligned_alloc(16, (shared + 15) / 16 * 16)
                             : NULL;
    if (!blocks || (shared && !cudasim_dynamic))
        cudasim_stop("out of memory");
    shuffle(blocks, (unsigned)n);
    memory_show(1);
    for (size_t b = 0; b < n; b++) {
        cudasim_block.x = blocks[b] % grid.x;
        cudasim_block.y = blocks[b] / grid.x % grid.y;
        cudasim_block.z = blocks[b] / grid.x / grid.y;
        poison(shared);
        run_block();
    }
    memory_show(0);
    free(blocks);
    free(cudasim_dynamic);
    cudasim_dynamic = NULL;
    memory_check(name);
}

void cudasim_launch(const char *name, const void *fn, dim3 grid, dim3 block,
                    size_t shared, cudaStream_t s,
                    const struct cudasim_kernel *k, size_t n)
{
    const char *ctx = (const char *)k->ctx;
    std::vector<char> kept(ctx, s ? ctx + n : ctx);
    void (*call)(const void *) = k->call;

    cudasim_enqueue(s, name, [=] {
        struct cudasim_kernel x = {call, s ? kept.data() : ctx};

        launch(name, fn, grid, block, shared, &x);
    });
}
