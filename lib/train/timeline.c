/* timeline - spans of all ranks; see timeline.h */
#include "timeline.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/clock.h"
#include "../base/file.h"

struct span {
    uint64_t began, ended;
    int row, n;
    char what[40];
};

struct timeline {
    struct comm *c;
    pthread_mutex_t lock;
    uint64_t origin;
    struct span *v;
    size_t n, cap;
};

int timeline_open(struct timeline **out, struct comm *c, struct err *e)
{
    struct timeline *t = xcalloc(1, sizeof *t);
    int r = comm_barrier(c, e);

    t->c = c;
    t->origin = (uint64_t)clock_ns(CLOCK_MONOTONIC);
    pthread_mutex_init(&t->lock, NULL);
    *out = t;
    return r;
}

uint64_t timeline_now(const struct timeline *t)
{
    return t ? (uint64_t)clock_ns(CLOCK_MONOTONIC) : 0;
}

void timeline_add(struct timeline *t, enum timeline_row row, const char *what,
                  int n, uint64_t began)
{
    struct span s = {.began = began, .row = (int)row, .n = n};

    if (!t)
        return;
    s.ended = (uint64_t)clock_ns(CLOCK_MONOTONIC);
    snprintf(s.what, sizeof s.what, "%s", what);
    pthread_mutex_lock(&t->lock);
    if (t->n == t->cap) {
        t->cap = 2 * t->cap + 64;
        t->v = xrealloc(t->v, t->cap, sizeof *t->v);
    }
    s.began -= t->origin;
    s.ended -= t->origin;
    t->v[t->n++] = s;
    pthread_mutex_unlock(&t->lock);
}

/* ---- the file -------------------------------------------------------- */

static void put_rank(struct buf *b, int rank)
{
    static const char *const rows[TIMELINE_ROWS] = {"compute", "exchange",
                                                    "weights"};

    buf_printf(b,
               "%s{\"ph\":\"M\",\"pid\":%d,\"name\":\"process_name\","
               "\"args\":{\"name\":\"rank %d\"}}",
               rank ? ",\n" : "", rank, rank);
    for (int i = 0; i < TIMELINE_ROWS; i++)
        buf_printf(b,
                   ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":"
                   "\"thread_name\",\"args\":{\"name\":\"%s\"}}",
                   rank, i, rows[i]);
}

/* Times are microseconds. */
static void put_span(struct buf *b, int rank, const struct span *s)
{
    char n[16] = "";

    if (s->n >= 0)
        snprintf(n, sizeof n, " %d", s->n);
    buf_printf(b,
               ",\n{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"name\":\"%s%s\","
               "\"ts\":%.3f,\"dur\":%.3f}",
               rank, s->row, s->what, n, (double)s->began / 1e3,
               (double)(s->ended - s->began) / 1e3);
}

/* The spans of a rank, on rank 0: v is its own, or freed by the caller. */
static int spans_of(struct timeline *t, int rank, struct span **v, uint64_t *n,
                    struct err *e)
{
    int r;

    *n = t->n;
    r = comm_pass(t->c, rank, 0, n, sizeof *n, e);
    *v = t->v;
    if (!r && rank && !comm_rank(t->c))
        *v = xcalloc(*n + 1, sizeof **v);
    return r ? r : comm_pass(t->c, rank, 0, *v, *n * sizeof **v, e);
}

int timeline_write(struct timeline *t, const char *path, struct err *e)
{
    struct buf b = {0};
    int r = 0;

    buf_puts(&b, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
    for (int rank = 0; rank < comm_size(t->c) && !r; rank++) {
        struct span *v = NULL;
        uint64_t n = 0;

        r = spans_of(t, rank, &v, &n, e);
        put_rank(&b, rank);
        for (uint64_t i = 0; i < n && !r && !comm_rank(t->c); i++)
            put_span(&b, rank, &v[i]);
        if (v != t->v)
            free(v);
    }
    buf_puts(&b, "\n]}\n");
    if (!r && !comm_rank(t->c))
        r = file_put(path, b.p, b.n, e);
    buf_free(&b);
    return r;
}

void timeline_close(struct timeline **t)
{
    if (!*t)
        return;
    pthread_mutex_destroy(&(*t)->lock);
    free((*t)->v);
    free(*t);
    *t = NULL;
}
