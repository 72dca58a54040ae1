/* window - memory of ranks that the others read: in place, or by messages */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "comm_impl.h"
#include "remote.h"

struct comm_window {
    struct comm *c;
    int which;
    size_t bytes; /* 0: not shared */
    char **p;     /* [size]; NULL: read by messages */
    int remote;   /* by messages: its number, else -1 */
};

static struct comm_window *make(struct comm *c, size_t bytes)
{
    struct comm_window *w = xcalloc(1, sizeof *w);

    *w = (struct comm_window){
        .c = c,
        .bytes = bytes,
        .p = xcalloc((size_t)comm_size(c), sizeof *w->p),
        .remote = -1,
    };
    return w;
}

/* Does every rank have it? */
static int all_have(struct comm *c, int mine, int *all, struct err *e)
{
    size_t size = (size_t)comm_size(c);
    size_t *n = xcalloc(2 * size, sizeof *n);
    char *has = xcalloc(size, 1);
    int r;

    for (size_t i = 0; i < size; i++) {
        n[i] = 1;
        n[size + i] = i;
    }
    has[c->x.rank] = (char)(mine != 0);
    r = comm_allgatherv(c, has, n, n + size, e);
    *all = !r && !memchr(has, 0, size);
    free(has);
    free(n);
    return r;
}

int comm_window_open(struct comm_window **out, struct comm *c, size_t bytes,
                     struct err *e)
{
    struct comm_window *w;
    int which = 0, all, r;

    *out = NULL;
    while (which < COMM_WINDOWS && c && c->shared[which])
        which++;
    if (comm_size(c) == 1 || !bytes || which == COMM_WINDOWS || c->host)
        return 0;
    w = make(c, bytes);
    w->which = which;
    c->shared[which] = c->x.share && !c->x.share(c->x.ctx, which, bytes, w->p);
    if (!c->shared[which])
        w->bytes = 0;
    r = all_have(c, c->shared[which], &all, e);
    if (!all)
        comm_window_close(&w);
    *out = w;
    return r;
}

/* Of ranks that read it by messages. */
static int open_remote(struct comm_window **out, struct comm *c, size_t bytes,
                       struct err *e)
{
    struct comm_window *w = make(c, bytes);
    int all, r;

    w->remote = remote_expose(c, bytes, &w->p[c->x.rank]);
    if (w->remote < 0)
        w->bytes = 0;
    r = all_have(c, w->remote >= 0, &all, e);
    if (!all)
        comm_window_close(&w);
    *out = w;
    return r;
}

int comm_window_open_remote(struct comm_window **out, struct comm *c,
                            size_t bytes, struct err *e)
{
    int r = comm_window_open(out, c, bytes, e);

    if (r || *out || comm_size(c) == 1 || !bytes || !c->x.channels)
        return r;
    return open_remote(out, c, bytes, e);
}

char *comm_window_of(const struct comm_window *w, int r)
{
    return w->p[r];
}

int comm_window_read(const struct comm_window *w, int r, size_t at, size_t n,
                     void *to, struct err *e)
{
    if (!w->p[r])
        return remote_read(w->c, w->remote, r, at, n, to, e);
    memcpy(to, w->p[r] + at, n);
    return 0;
}

void comm_window_settle(const struct comm_window *w)
{
    if (w && w->remote >= 0)
        remote_settle(w->c);
}

size_t comm_window_bytes(const struct comm_window *w)
{
    return w ? w->bytes : 0;
}

void comm_window_close(struct comm_window **out)
{
    struct comm_window *w = *out;

    if (!w)
        return;
    if (w->bytes && w->remote < 0) {
        w->c->x.unshare(w->c->x.ctx, w->which, w->bytes, w->p);
        w->c->shared[w->which] = 0;
    }
    free(w->p);
    free(w);
    *out = NULL;
}

void comm_window_traffic(const struct comm_window *w, size_t sent,
                         size_t received)
{
    w->c->sent += sent;
    w->c->received += received;
}
