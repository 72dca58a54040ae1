/* arena - memory that lives until the next reset
 *
 * One arena holds everything that belongs to one record. Pointers into it are
 * valid until arena_reset or arena_close. Allocation failure aborts with a
 * message (there is nothing a filter could do about it).
 */
#ifndef ULP_BASE_ARENA_H
#define ULP_BASE_ARENA_H
#include <stddef.h>

struct arena;

struct arena *arena_open(void);
void arena_close(struct arena **a);
void arena_reset(struct arena *a);
/* 16-byte aligned, zeroed; n = 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t n);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* malloc, calloc, realloc that abort with a message when memory is out or
 * n * size overflows; the result is freed with free(). */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s);

#endif
