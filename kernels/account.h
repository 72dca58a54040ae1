/* account - the bytes that a backend holds, now and at most
 *
 * Scratch is added and subtracted from any thread. A buffer is remembered with
 * its size, by one thread at a time.
 */
#ifndef ULP_KERNELS_ACCOUNT_H
#define ULP_KERNELS_ACCOUNT_H
#include <stddef.h>
#include "../lib/base/err.h"

/* A buffer of n bytes at p. */
struct account_buffer {
    void *p;
    size_t n;
};

/* Bytes held now and at most; the buffers among them, in an array of its
 * own. */
struct account {
    size_t now, peak;
    struct account_buffer *buffer;
    size_t n_buffers, cap;
};

/* n bytes of scratch were taken; were freed. From any thread. */
void account_add(struct account *a, size_t n);
void account_sub(struct account *a, size_t n);
/* A buffer that was taken, and one that is about to be freed: its bytes (of NULL
 * and of unknown ones 0). Taking needs a little memory of the host: 0, or -1
 * without it. */
int account_take(struct account *a, void *p, size_t n) MUST_CHECK;
size_t account_give(struct account *a, void *p);
void account_close(struct account *a);

/* Bytes of the host: what is free, and what there is. */
void account_host(size_t *free_bytes, size_t *total);

/* What is taken when n bytes of scratch are asked for: up to a sixteenth
 * more, so that requests that grow a little fit, and the same whatever was
 * asked for before. */
static inline size_t account_room(size_t n)
{
    size_t step = 256;

    while (step * 32 < n)
        step *= 2;
    return (n + step - 1) / step * step;
}

#endif
