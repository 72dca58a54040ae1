/* buf - bytes that grow at the end */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "buf.h"

char *buf_room(struct buf *b, size_t n)
{
    if (b->cap - b->n < n || !b->p) {
        size_t cap = b->cap < 256 ? 256 : b->cap;

        if (n > SIZE_MAX / 4 - b->n)
            xmalloc_failed(n);
        while (cap - b->n < n)
            cap *= 2;
        b->p = xrealloc(b->p, cap, 1);
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
    if (!n)
        return;
    memcpy(buf_room(b, n), p, n);
    b->n += n;
}

void buf_puts(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    buf_room(b, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

char *buf_str(struct buf *b)
{
    *buf_room(b, 1) = 0;
    return b->p;
}

void buf_free(struct buf *b)
{
    free(b->p);
    b->p = NULL;
    b->n = b->cap = 0;
}
