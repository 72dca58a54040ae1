/* account - the bytes that a backend holds; see account.h */
#include "account.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

void account_add(struct account *a, size_t n)
{
    size_t now = __atomic_add_fetch(&a->now, n, __ATOMIC_RELAXED);
    size_t peak = __atomic_load_n(&a->peak, __ATOMIC_RELAXED);

    while (now > peak &&
           !__atomic_compare_exchange_n(&a->peak, &peak, now, 1,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

void account_sub(struct account *a, size_t n)
{
    __atomic_sub_fetch(&a->now, n, __ATOMIC_RELAXED);
}

int account_take(struct account *a, void *p, size_t n)
{
    if (a->n_buffers == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 64;
        struct account_buffer *v = realloc(a->buffer, cap * sizeof *v);

        if (!v)
            return -1;
        a->buffer = v;
        a->cap = cap;
    }
    a->buffer[a->n_buffers++] = (struct account_buffer){p, n};
    account_add(a, n);
    return 0;
}

size_t account_give(struct account *a, void *p)
{
    size_t i = a->n_buffers, n;

    if (!p)
        return 0;
    while (i && a->buffer[i - 1].p != p)
        i--;
    if (!i)
        return 0;
    n = a->buffer[i - 1].n;
    account_sub(a, n);
    a->buffer[i - 1] = a->buffer[--a->n_buffers];
    return n;
}

void account_close(struct account *a)
{
    free(a->buffer);
    a->buffer = NULL;
    a->n_buffers = a->cap = 0;
}

/* Linux says what can be had without swapping; elsewhere only the whole. */
void account_host(size_t *free_bytes, size_t *total)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    unsigned long long kib;
    char line[128];
    FILE *f = fopen("/proc/meminfo", "r");

    *free_bytes = 0;
    *total = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
            *free_bytes = (size_t)kib << 10;
    if (f)
        fclose(f);
}
