/* side_stream - see side_stream.h */
#include "side_stream.h"
#include <stdlib.h>
#include "../base/arena.h"

/* ---- a device as lib/comm sees it ---- */

static void copy(void *ctx, void *to, const void *from, size_t n)
{
    struct kernels *k = ctx;

    k->copy(k, to, from, n);
}

static void send(void *ctx, void *to, const void *host, size_t n)
{
    struct kernels *k = ctx;

    k->send(k, to, host, n);
}

static void fetch(void *ctx, void *host, const void *from, size_t n)
{
    struct kernels *k = ctx;

    k->fetch(k, host, from, n);
}

static int sync(void *ctx, struct err *e)
{
    struct kernels *k = ctx;

    return k->sync(k, e);
}

static void *host_alloc(void *ctx, size_t n, struct err *e)
{
    struct kernels *k = ctx;

    return k->host_alloc(k, n, e);
}

static void host_free(void *ctx, void *p)
{
    struct kernels *k = ctx;

    k->host_free(k, p);
}

int side_stream_open(struct side_stream **out, struct comm *c,
                     struct kernels *k, struct err *e)
{
    struct comm_device v = {.copy = copy,
                            .send = send,
                            .fetch = fetch,
                            .sync = sync,
                            .host_alloc = host_alloc,
                            .host_free = host_free};
    struct side_stream *x;

    *out = NULL;
    if (comm_size(c) == 1 || !k->sizes.can.own_memory)
        return 0;
    *out = x = xcalloc(1, sizeof *x);
    x->k = k->beside(k, e);
    if (!x->k)
        return -e->code;
    v.ctx = x->k;
    v.stream = x->k->stream;
    v.id = x->k->device;
    return comm_device_open(&x->c, c, &v, &x->why, e);
}

int side_stream_finish(struct side_stream *x, struct err *e)
{
    int r = x ? x->k->sync(x->k, e) : 0;

    return x && !r ? comm_barrier(x->c, e) : r;
}

void side_stream_leave(struct side_stream *x)
{
    if (x)
        comm_close(&x->c);
}

void side_stream_close(struct side_stream **out)
{
    struct side_stream *x = *out;

    if (!x)
        return;
    side_stream_leave(x);
    kernels_close(&x->k);
    free(x);
    *out = NULL;
}
