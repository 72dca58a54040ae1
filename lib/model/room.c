/* room - pieces of working memory, one after the other */
#include "../base/arena.h"
#include "impl.h"

/* Pieces begin at multiples of 256 bytes, as device allocations do. */
size_t room_take(struct room *r, size_t bytes)
{
    size_t at = r->end;

    r->end = at + (bytes + 255) / 256 * 256;
    return at;
}

size_t room_take_n(struct room *r, size_t *step, size_t bytes, int n, int keep)
{
    size_t at = room_take(r, bytes);

    *step = keep ? r->end - at : 0;
    for (int i = 1; keep && i < n; i++)
        (void)room_take(r, bytes);
    return at;
}

int32_t *model_host(struct model *m, size_t n)
{
    if (n > m->host_n) {
        m->host = xrealloc(m->host, n, sizeof *m->host);
        m->host_n = n;
    }
    return m->host;
}

float *model_host_f(struct model *m, size_t n)
{
    if (n > m->host_f_n) {
        m->host_f = xrealloc(m->host_f, n, sizeof *m->host_f);
        m->host_f_n = n;
    }
    return m->host_f;
}
