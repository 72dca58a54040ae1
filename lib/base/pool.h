/* pool - a fixed set of threads that run loops over independent outputs
 *
 * Parallelism is over outputs, never over a sum, so the number of threads
 * cannot change a bit. The calling thread works too: a pool of 1 makes no
 * thread at all. No more threads work at once than there are processors, and
 * none but the caller for a while after one of them was kept from its
 * processor: a busy machine costs no more than one thread would.
 */
#ifndef ULP_BASE_POOL_H
#define ULP_BASE_POOL_H

struct pool;
enum { POOL_MOST = 4096 }; /* threads that may be asked for */

/* n >= 1; n = 0 means one per online CPU (or ULP_THREADS when set). */
struct pool *pool_open(int n_threads);
void pool_close(struct pool **p);
/* The threads that pool_open(n_threads) would have. */
int pool_count(int n_threads);
int pool_threads(const struct pool *p);

/* Calls fn(ctx, i, worker) once for each i in [0, n), in any order, worker in
 * [0, threads); returns when all are done. Each worker begins with its own
 * run of indices, the same at each call with this n, and then takes what
 * others have not begun; the caller, worker 0, does both in ascending order, so
 * that a task may wait for the one before it. Not re-entrant. */
void pool_for(struct pool *p, long n, void (*fn)(void *ctx, long i, int worker),
              void *ctx);

/* The next loop comes late: the other threads sleep until then, without the time
 * in which they look for it, so that other programs have their processors. */
void pool_rest(struct pool *p);

/* For tests: every thread may work, however few or busy the processors. */
void pool_crowd(struct pool *p);

#endif
