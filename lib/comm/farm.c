/* farm - a rank's side: asks for items, sends results */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "farm_impl.h"
#include "link.h"
#include "ranks.h"
#include "../base/clock.h"

/* A rank that works and was told that nothing is there asks again after so
 * long. */
enum { AGAIN_MS = 5 };

int farm_open(struct farm **f, struct comm *c, const struct farm_source *source,
              int at_once, int ahead, struct err *e)
{
    struct farm *x = *f = xcalloc(1, sizeof *x);

    x->c = c;
    x->rank = comm_rank(c);
    x->at_once = at_once;
    return x->rank ? 0 : farm_desk_open(x, source, ahead, e);
}

static int ask(struct farm *f, int wait, struct err *e)
{
    struct farm_msg m = {FARM_ASK, f->at_once, (uint64_t)wait, 0};
    struct farm_answer a;
    int r = comm_send(f->c, 0, &m, sizeof m, e);

    if (!r)
        r = comm_recv(f->c, 0, &a, sizeof a, e);
    if (r)
        return r;
    f->answer.n = f->at = 0;
    f->over = (int)a.over;
    if (!a.k)
        f->none_ms = clock_ms();
    if (!a.n)
        return 0;
    r = comm_recv(f->c, 0, buf_room(&f->answer, a.n), a.n, e);
    f->answer.n = a.n;
    return r;
}

int farm_get(struct farm *f, int wait, uint64_t *number, struct buf *item,
             struct err *e)
{
    struct farm_head h;

    if (!f->rank)
        return farm_desk_get(f, wait, number, item, e);
    while (f->at == f->answer.n) {
        int r;

        if (f->over || (!wait && clock_ms() - f->none_ms < AGAIN_MS))
            return 0;
        r = ask(f, wait, e);
        if (r)
            return r;
        if (f->at == f->answer.n && !wait)
            return 0;
    }
    memcpy(&h, f->answer.p + f->at, sizeof h);
    f->at += sizeof h;
    item->n = 0;
    buf_put(item, f->answer.p + f->at, h.n);
    f->at += h.n;
    *number = h.number;
    return 1;
}

int farm_give(struct farm *f, uint64_t number, int i, const void *p, size_t n,
              struct err *e)
{
    struct farm_msg m = {FARM_RESULT, i, number, n};
    int r;

    if (!f->rank)
        return farm_desk_give(f, number, i, p, n, e);
    r = comm_send(f->c, 0, &m, sizeof m, e);
    return r ? r : comm_send(f->c, 0, p, n, e);
}

int farm_leave(struct farm *f, struct err *e)
{
    struct farm_msg m = {FARM_LEAVE, 0, 0, 0};
    char all_left;
    int r;

    if (!f->rank)
        return farm_desk_leave(f, e);
    r = comm_send(f->c, 0, &m, sizeof m, e);
    /* what is sent then is no longer for the farm */
    return r ? r : comm_recv(f->c, 0, &all_left, 1, e);
}

void farm_fail(struct farm *f, const struct err *e)
{
    if (f && f->desk && !farm_desk_is_done(f) && ranks_tell(e))
        _exit(e->code ? e->code : ERR_IO);
}

void farm_close(struct farm **f)
{
    if (!*f)
        return;
    farm_desk_close(*f);
    if ((*f)->desk) { /* its thread works on */
        *f = NULL;
        return;
    }
    buf_free(&(*f)->answer);
    free(*f);
    *f = NULL;
}
