/* pages - slots take, share and give back pages; addresses for a pass */
#include <limits.h>
#include <stdlib.h>
#include "../lib/base/arena.h"
#include "pages.h"

/* A slab is a 64th of what there may be, within these. */
static const size_t SLAB_LEAST = (size_t)8 << 20;
static const size_t SLAB_MOST = (size_t)256 << 20;

static long row_values(struct k_attn_shape s)
{
    return ((long)s.head_dim + 15) / 16 * 16;
}

size_t kv_page_bytes(enum dtype t, int layers, struct k_attn_shape s)
{
    return (size_t)layers * (size_t)s.n_kv_heads * 2 * KV_PAGE *
           (size_t)row_values(s) * dtype_size(t);
}

static struct pages *of(struct k_kv *kv)
{
    return (struct pages *)(void *)kv;
}

static const struct pages *of_const(const struct k_kv *kv)
{
    return (const struct pages *)(const void *)kv;
}

static int in_one_slab(const struct pages *p)
{
    size_t want = (size_t)p->most * p->page_bytes / 64, n;

    want = want < SLAB_LEAST ? SLAB_LEAST
           : want > SLAB_MOST ? SLAB_MOST
                              : want;
    n = (want + p->page_bytes - 1) / p->page_bytes;
    return n < (size_t)p->most ? (int)n : p->most;
}

void pages_open(struct pages *p, struct kernels *k, enum dtype t, int layers,
                struct k_attn_shape s, int n_slots, int max_len, int n_pages)
{
    long all = (long)n_slots * kv_pages_for(max_len);

    *p = (struct pages){.k = k, .t = t, .s = s, .layers = layers,
                        .n_slots = n_slots, .max_len = max_len,
                        .row = row_values(s),
                        .page_bytes = kv_page_bytes(t, layers, s)};
    all = n_pages > 0 && n_pages < all ? n_pages : all;
    p->most = all < INT32_MAX ? (int)all : INT32_MAX;
    p->in_slab = in_one_slab(p);
    p->slot = xcalloc((size_t)n_slots, sizeof *p->slot);
}

void pages_close(struct pages *p)
{
    for (int i = 0; i < p->n_slabs; i++)
        p->k->free(p->k, p->slab[i]);
    for (int i = 0; p->slot && i < p->n_slots; i++)
        free(p->slot[i].page);
    free(p->slab);
    free(p->count);
    free(p->spare);
    free(p->slot);
    free(p->pass.run);
    free(p->pass.limit);
    free(p->pass.table);
    free(p->pass.into);
}

/* Memory for some more pages. Without it there are no more than now. */
static int add_slab(struct pages *p)
{
    int n = p->most - p->made < p->in_slab ? p->most - p->made : p->in_slab;
    size_t made = (size_t)p->made + (size_t)n;

    if (n <= 0)
        return -1;
    p->slab = xrealloc(p->slab, (size_t)p->n_slabs + 1, sizeof *p->slab);
    p->count = xrealloc(p->count, made, sizeof *p->count);
    p->spare = xrealloc(p->spare, made, sizeof *p->spare);
    p->slab[p->n_slabs] = p->k->alloc(p->k, (size_t)n * p->page_bytes,
                                      &p->why);
    if (!p->slab[p->n_slabs]) {
        p->most = p->made;
        return -1;
    }
    for (int i = n; i-- > 0;) { /* the first is taken first */
        p->count[p->made + i] = 0;
        p->spare[p->n_spare++] = p->made + i;
    }
    p->made += n;
    p->n_slabs++;
    return 0;
}

const char *kv_why(const struct k_kv *kv)
{
    const struct pages *p = of_const(kv);

    return p->why.code ? p->why.msg : NULL;
}

int kv_free_pages(const struct k_kv *kv)
{
    const struct pages *p = of_const(kv);

    return p->n_spare + p->most - p->made;
}

static char *address(const struct pages *p, int32_t page)
{
    return p->slab[page / p->in_slab] +
           (size_t)(page % p->in_slab) * p->page_bytes;
}

static void make_room(struct page_list *l, int n)
{
    int cap = 2 * l->cap > n ? 2 * l->cap : n;

    if (n <= l->cap)
        return;
    l->page = xrealloc(l->page, (size_t)cap, sizeof *l->page);
    l->cap = cap;
}

int kv_reserve(struct k_kv *kv, int slot, int len)
{
    struct pages *p = of(kv);
    struct page_list *l = &p->slot[slot];
    int n = kv_pages_for(len), need = n - l->n;

    if (need <= 0)
        return 0;
    if (len > p->max_len)
        return -1;
    while (p->n_spare < need)
        if (add_slab(p))
            return -1;
    make_room(l, n);
    while (l->n < n) {
        int32_t page = p->spare[--p->n_spare];

        p->count[page] = 1;
        l->page[l->n++] = page;
    }
    return 0;
}

void kv_release(struct k_kv *kv, int slot, int len)
{
    struct pages *p = of(kv);
    struct page_list *l = &p->slot[slot];
    int keep = kv_pages_for(len);

    while (l->n > keep) {
        int32_t page = l->page[--l->n];

        if (--p->count[page] == 0)
            p->spare[p->n_spare++] = page;
    }
}

/* The first n positions of a page. A backend that has not said where they lie
 * gets the page in one copy. */
static void copy_page(const struct pages *p, char *dst, const char *src, int n)
{
    size_t row = (size_t)p->row * dtype_size(p->t);
    size_t heads = (size_t)p->layers * (size_t)p->s.n_kv_heads;
    int keys;

    if (!p->key_rows) {
        p->k->copy(p->k, dst, src, p->page_bytes);
        return;
    }
    keys = (n + p->key_rows - 1) / p->key_rows * p->key_rows;
    for (size_t at = 0; at < 2 * heads * KV_PAGE * row;
         at += 2 * KV_PAGE * row) {
        size_t values = at + KV_PAGE * row;

        p->k->copy(p->k, dst + at, src + at, (size_t)keys * row);
        p->k->copy(p->k, dst + values, src + values, (size_t)n * row);
    }
}

int kv_fork(struct k_kv *kv, int src, int dst, int len)
{
    struct pages *p = of(kv);
    const struct page_list *from = &p->slot[src];
    struct page_list *to = &p->slot[dst];
    int whole = len / KV_PAGE;

    if (src == dst || to->n || kv_pages_for(len) > from->n)
        return -1;
    make_room(to, whole + 1);
    for (int i = 0; i < whole; i++)
        p->count[to->page[i] = from->page[i]]++;
    to->n = whole;
    if (len % KV_PAGE == 0)
        return 0;
    if (kv_reserve(kv, dst, len)) {
        kv_release(kv, dst, 0);
        return -1;
    }
    copy_page(p, address(p, to->page[whole]), address(p, from->page[whole]),
              len % KV_PAGE);
    return 0;
}

/* ---- a pass ---- */

static int check_rows(const struct pages *p, const int32_t *slot,
                      const int32_t *pos, int T, struct err *e)
{
    for (int i = 0; i < T; i++) {
        const struct page_list *l;

        if (slot[i] < 0 || slot[i] >= p->n_slots || pos[i] < 0 ||
            pos[i] >= p->max_len)
            return err_set(e, ERR_DATA, "kv_rows: row %d: slot %d position "
                           "%d; the cache has %d slots of %d", i,
                           (int)slot[i], (int)pos[i], p->n_slots, p->max_len);
        if (i && slot[i] == slot[i - 1] && pos[i] <= pos[i - 1])
            return err_set(e, ERR_DATA, "kv_rows: row %d: position %d after "
                           "%d", i, (int)pos[i], (int)pos[i - 1]);
        l = &p->slot[slot[i]];
        if (pos[i] / KV_PAGE >= l->n)
            return err_set(e, ERR_DATA, "kv_rows: row %d: position %d of slot "
                           "%d is not reserved", i, (int)pos[i],
                           (int)slot[i]);
        if (p->count[l->page[pos[i] / KV_PAGE]] != 1)
            return err_set(e, ERR_DATA, "kv_rows: row %d: position %d of slot "
                           "%d is in a shared page", i, (int)pos[i],
                           (int)slot[i]);
    }
    return 0;
}

static void room_for_rows(struct kv_pass *a, long T)
{
    if (T <= a->cap_rows)
        return;
    a->cap_rows = T + T / 2;
    a->run = xrealloc(a->run, (size_t)a->cap_rows, sizeof *a->run);
    a->limit = xrealloc(a->limit, (size_t)a->cap_rows, sizeof *a->limit);
    a->into = xrealloc(a->into, (size_t)a->cap_rows, sizeof *a->into);
}

static void room_for_pages(struct kv_pass *a, long n)
{
    if (n <= a->cap_table)
        return;
    a->cap_table = n + n / 2;
    a->table = xrealloc(a->table, (size_t)a->cap_table, sizeof *a->table);
}

int pages_rows(struct pages *p, const int32_t *slot, const int32_t *pos, int T,
               struct err *e)
{
    struct kv_pass *a = &p->pass;
    int r = check_rows(p, slot, pos, T, e);

    a->T = a->n_runs = 0;
    a->n_table = 0;
    if (r)
        return r;
    room_for_rows(a, T);
    for (int i = 0, end; i < T; i = end) {
        const struct page_list *l = &p->slot[slot[i]];
        int pages;

        for (end = i + 1; end < T && slot[end] == slot[i]; end++)
            ;
        pages = pos[end - 1] / KV_PAGE + 1;
        room_for_pages(a, a->n_table + pages);
        a->run[a->n_runs++] = (struct kv_run){i, end - i, a->n_table};
        for (int j = 0; j < pages; j++)
            a->table[a->n_table++] =
                (uint64_t)(uintptr_t)address(p, l->page[j]);
        for (int j = i; j < end; j++) {
            a->limit[j] = pos[j] + 1;
            a->into[j] = a->table[a->n_table - pages + pos[j] / KV_PAGE];
        }
    }
    a->T = T;
    return 0;
}
