/* kv - the cache and the rows of a pass, as its kernels see them
 *
 * kv_rows uploads all that the layers need once a pass: addresses of pages,
 * where each row goes, and how the rows are cut into work. A page holds, for
 * each layer and key/value head, KV_PAGE rows of keys, then of values, `row`
 * values apart.
 */
#ifndef ULP_CUDA_KV_H
#define ULP_CUDA_KV_H
#include "attn_tile.h"
extern "C" {
#include "../pages.h"
}

/* Rows of one slot, at most TILE. */
struct kv_tile {
    int row, rows;
    long first_page;
};

/* Keys [at, at + KV_SPLIT) of a row that is alone in its slot: one of
 * `splits` parts, whose results, where there are several, begin at part0. */
struct kv_split {
    int row, at, splits, part0;
    long first_page;
};
enum { KV_SPLIT = 256 };

/* Device pointers. Tiles of several rows come first. */
struct kv_job {
    const uint64_t *table; /* addresses of pages */
    const uint64_t *into;  /* [T] row i goes to this page */
    const int32_t *limit;  /* [T] position + 1 */
    const struct kv_tile *tile;
    int T, n_tiles, n_wide; /* n_wide of several rows */
    /* under order=hardware, of single rows: their parts; the first parts of
     * rows that have several */
    const struct kv_split *split;
    const int32_t *merge;
    int n_splits, n_merge, n_parts; /* n_parts of rows that have several */
};

struct k_kv {
    struct pages p; /* first */
    struct kv_job job;
    char *dev, *host; /* what the job points to, and its image */
    size_t dev_bytes, host_bytes;
};

/* Keys of (layer, head) in a page, in bytes; values come half later. */
static inline size_t kv_keys(const struct k_kv *kv, int layer, int head)
{
    return pages_head(&kv->p, layer, head) * dtype_size(kv->p.t);
}

/* Bytes of the keys of a head in a page, and of its values. */
static inline size_t kv_half(const struct k_kv *kv)
{
    return (size_t)(KV_PAGE * kv->p.row) * dtype_size(kv->p.t);
}

/* Is the call about the rows of kv_rows? Keeps an error where not. */
int CU(kv_ready)(struct cuda *c, enum dtype t, const struct k_kv *kv,
                 int layer, int T);
/* k and v of the rows into the cache. */
void CU(kv_insert)(struct cuda *c, const struct k_kv *kv, const void *qkv,
                   int layer);
/* Attention of tiles [first, end), all of several rows or all of one. */
void CU(kv_attend)(struct cuda *c, void *o, const void *qkv,
                   const struct k_kv *kv, int layer, int first, int end);

#endif
