/* cuda_sizes - what the CUDA backend takes; see cuda_sizes.h
 *
 * The same arithmetic as where kernels/cuda asks for scratch; a slot keeps
 * the most that any operation asked for. tests/unit/cuda_memory.c holds the
 * sum against what is measured.
 */
#include "cuda_sizes.h"
#include "account.h"
#include "canon.h"

/* kernels/cuda: rows of a tile; bytes of a tile's description, forward and
 * backward; logits held at once. */
enum { TILE = 32, ATTN_TASK = 72, BWD_TASK = 16 };
#define LOGITS ((size_t)1 << 24)

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t room(size_t bytes)
{
    return bytes ? account_room(bytes) : 0;
}

static size_t tasks(const struct k_pass *p)
{
    size_t tiles = (size_t)p->T / TILE + (size_t)p->n_seqs;
    size_t heads = (size_t)p->attn.n_heads;
    size_t n = tiles * heads * ATTN_TASK + (size_t)p->T * sizeof(int32_t);

    if (!p->backward)
        return n;
    n = larger(n, tiles * (heads + (size_t)p->attn.n_kv_heads) * BWD_TASK);
    return larger(n, p->n_params / 65536 * sizeof(double));
}

static size_t permutation(const struct k_sizes *s, const struct k_pass *p)
{
    size_t longest = larger((size_t)p->T, larger((size_t)p->vocab,
                                                 2 * (size_t)p->ffn));

    return s->order.kind == ORDER_SHUFFLED
               ? longest / CANON_BLOCK * sizeof(int32_t)
               : 0;
}

static size_t scratch(const struct k_sizes *s, const struct k_pass *p)
{
    size_t V = ((size_t)p->vocab + 31) / 32 * 32, rows = LOGITS / V;

    rows = rows < 1 ? 1 : rows;
    rows = rows < (size_t)p->R ? rows : (size_t)p->R;
    return room(rows * V * sizeof(float)) + room(tasks(p)) +
           room(permutation(s, p)) +
           room((size_t)p->T * (size_t)p->attn.n_heads * sizeof(float));
}

static size_t weight(const struct k_sizes *s, enum dtype t, int N, int K,
                     int uses)
{
    (void)s;
    (void)uses; /* every product reads the rows as they lie */
    return (size_t)N * (size_t)K * dtype_size(t);
}

void cuda_sizes(struct k_sizes *s, struct k_order order)
{
    *s = (struct k_sizes){"cuda", 0, order, weight, scratch};
}
