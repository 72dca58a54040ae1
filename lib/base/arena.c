/* arena - a list of chunks; the chunks are kept over resets */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "say.h"

/* Chunks double from small, because thousands of copied records may be held,
 * each with an arena of its own. */
enum { CHUNK_MIN = 1024, CHUNK = 64 * 1024, ALIGN = 16 };

struct chunk {
    struct chunk *next;
    size_t size, used;
    _Alignas(16) unsigned char data[];
};

struct arena {
    struct chunk *first, *at; /* NULL before the first allocation */
};

static void (*on_failure)(size_t n);

void xmalloc_on_failure(void (*f)(size_t n))
{
    on_failure = f;
}

void xmalloc_failed(size_t n)
{
    if (on_failure)
        on_failure(n);
    fprintf(say_to(), "out of memory: %zu bytes\n", n);
    abort();
}

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);

    if (!p)
        xmalloc_failed(n);
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    if (!p)
        xmalloc_failed(n && SIZE_MAX / n < size ? SIZE_MAX : n * size);
    return p;
}

void *xrealloc(void *p, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        xmalloc_failed(SIZE_MAX);
    n *= size;
    p = realloc(p, n ? n : 1);
    if (!p)
        xmalloc_failed(n);
    return p;
}

char *xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;

    return memcpy(xmalloc(n), s, n);
}

static struct chunk *chunk_new(size_t size)
{
    struct chunk *c;

    if (size > SIZE_MAX - sizeof *c)
        xmalloc_failed(size);
    c = xmalloc(sizeof *c + size);
    c->next = NULL;
    c->size = size;
    c->used = 0;
    return c;
}

struct arena *arena_open(void)
{
    return xcalloc(1, sizeof(struct arena));
}

void arena_close(struct arena **a)
{
    if (!*a)
        return;
    for (struct chunk *c = (*a)->first, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(*a);
    *a = NULL;
}

void arena_reset(struct arena *a)
{
    /* One huge record must not hold its memory for the rest of the run. */
    for (struct chunk **p = &a->first, *c; (c = *p);) {
        if (c->size > CHUNK) {
            *p = c->next;
            free(c);
        } else {
            c->used = 0;
            p = &c->next;
        }
    }
    a->at = a->first;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t room = n > SIZE_MAX - ALIGN
                      ? SIZE_MAX
                      : ((n ? n : 1) + ALIGN - 1) / ALIGN * ALIGN;
    struct chunk *c = a->at;
    void *p;

    if (room > SIZE_MAX / 2)
        xmalloc_failed(n);
    if (!c || c->size - c->used < room) {
        struct chunk **next = c ? &c->next : &a->first;

        if (!*next || (*next)->size < room) {
            size_t size = !c                    ? CHUNK_MIN
                          : 2 * c->size > CHUNK ? CHUNK
                                                : 2 * c->size;
            struct chunk *made = chunk_new(room > size ? room : size);

            made->next = *next;
            *next = made;
        }
        a->at = c = *next;
    }
    p = c->data + c->used;
    c->used += room;
    return memset(p, 0, n);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);

    if (n)
        memcpy(p, s, n);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    int n;
    char *p;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    p = arena_alloc(a, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}
