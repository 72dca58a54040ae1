/* pages - which pages of a KV cache belong to which slot
 *
 * The host's side of a cache, the same for every backend: struct k_kv of a
 * backend begins with a struct pages. A page holds KV_PAGE positions of all
 * layers: for each layer and key/value head KV_PAGE rows of keys, then as many
 * of values, each of `row` values (a backend may order the values of a page's
 * keys as it likes). Memory comes in slabs of pages as they are first needed
 * and stays until the cache is freed.
 *
 * A page has a count of the slots that share it; nothing is written into a
 * page whose count is over 1.
 */
#ifndef ULP_KERNELS_PAGES_H
#define ULP_KERNELS_PAGES_H
#include <stddef.h>
#include <stdint.h>
#include "kernels.h"

/* Numbers of the pages of a slot, in the order of positions. */
struct page_list {
    int32_t *page;
    int n, cap;
};

/* Consecutive rows of a pass, in one slot; the addresses of the slot's pages
 * begin at table + first_page. */
struct kv_run {
    int row, rows;
    long first_page;
};

/* The rows that kv_rows was given. */
struct kv_pass {
    int T, n_runs;
    long n_table;
    struct kv_run *run;
    int32_t *limit;  /* [T] position + 1 */
    uint64_t *table; /* [n_table] */
    uint64_t *into;  /* [T] of row i: its page's address */
    long cap_rows, cap_table;
};

struct pages {
    struct kernels *k;
    enum dtype t;
    struct k_attn_shape s;
    int layers, n_slots, max_len;
    int most, made;  /* pages there may be, and have memory */
    int in_slab, n_slabs;
    long row;        /* values of a row in a page: head_dim and padding */
    /* The backend's: the keys of the first n positions are within the first n
     * rows of a head's keys, n rounded up to a multiple of this, and their
     * values within its first n rows of values. 0: not said. */
    int key_rows;
    size_t page_bytes;
    char **slab;
    int32_t *count;  /* [made] */
    int32_t *spare;  /* [made], a stack */
    int n_spare;
    struct page_list *slot;
    struct kv_pass pass;
    struct err why;  /* of the last slab that was not to be had */
};

/* Values in a page from the first key of (layer, head) on; its values begin
 * KV_PAGE * row later. */
static inline size_t pages_head(const struct pages *p, int layer, int head)
{
    return ((size_t)layer * (size_t)p->s.n_kv_heads + (size_t)head) * 2 *
           KV_PAGE * (size_t)p->row;
}

/* A cache without pages, for n_slots sequences of at most max_len positions in
 * at most n_pages pages (0: what these need). k is borrowed. */
void pages_open(struct pages *p, struct kernels *k, enum dtype t, int layers,
                struct k_attn_shape s, int n_slots, int max_len, int n_pages);
void pages_close(struct pages *p);
/* p->pass for these rows. */
int pages_rows(struct pages *p, const int32_t *slot, const int32_t *pos, int T,
               struct err *e) MUST_CHECK;

#endif
