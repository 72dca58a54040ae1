/* buf - bytes that grow at the end
 *
 *     struct buf b = {0};
 *     buf_put(&b, p, n);
 *     buf_free(&b);
 */
#ifndef ULP_BASE_BUF_H
#define ULP_BASE_BUF_H
#include <stddef.h>

struct buf {
    char *p; /* not NUL-terminated; NULL while nothing was put */
    size_t n, cap;
};

/* Room for n more bytes behind b->p + b->n. */
char *buf_room(struct buf *b, size_t n);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* NUL behind the bytes, not counted in n; lent until the next change. */
char *buf_str(struct buf *b);
void buf_free(struct buf *b);

#endif
