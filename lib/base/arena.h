/* arena - memory that lives until the next reset
 *
 * One arena holds everything that belongs to one record. Pointers into it are
 * valid until arena_reset or arena_close. Where memory is out there is nothing
 * that a filter could do: what xmalloc_on_failure was given ends the process.
 */
#ifndef ULP_BASE_ARENA_H
#define ULP_BASE_ARENA_H
#include <stddef.h>

struct arena;

struct arena *arena_open(void);     /* never NULL */
void arena_close(struct arena **a); /* accepts NULL at *a */
void arena_reset(struct arena *a);  /* keeps chunks of the usual size */
/* 16-byte aligned, zeroed; n = 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t n);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* malloc, calloc, realloc that end the process when memory is out or n * size
 * overflows; the result is freed with free(). */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
/* Memory is out, n bytes were asked for (0: not known). */
void xmalloc_failed(size_t n) __attribute__((noreturn));
/* f is called then, in any thread, and must not return. NULL, as at the start:
 * a message and abort(). */
void xmalloc_on_failure(void (*f)(size_t n));

#endif
