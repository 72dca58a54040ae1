/* cuda - the CUDA backend, where nvcc was found; what it takes is known in every
 * build, so that a card can be planned for on any machine
 *
 * The same arithmetic as where kernels/cuda asks for scratch; a slot keeps
 * the most that any operation asked for. tests/unit/cuda_memory.c holds the
 * sum against what is measured.
 */
#include "account.h"
#include "canon.h"
#include "cuda/hw_head.h"
#include "cuda_sizes.h"
#include "registry.h"

#ifdef HAVE_CUDA
int cuda_probe(struct err *e);
int cuda_open(struct kernels **k, int n_threads, struct k_order order,
              struct err *e);
#define ABSENT NULL
#else
#define cuda_probe NULL
#define cuda_open NULL
#define ABSENT "this build has no CUDA backend (nvcc was not found when it "  \
               "was made)"
#endif

/* kernels/cuda: bytes of a tile of attention in a list; logits held at
 * once. */
enum { TILE_BYTES = 12 };
#define LOGITS ((size_t)1 << 24)

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t room(size_t bytes)
{
    return bytes ? account_room(bytes) : 0;
}

static size_t tile_list(const struct k_pass *p, int rows)
{
    return room(((size_t)(p->T / rows) + (size_t)p->n_seqs) * TILE_BYTES);
}

/* Attention's lists of tiles, by the rows of a tile. */
static size_t tiles(const struct k_sizes *s, const struct k_pass *p)
{
    int D = p->attn.head_dim;

    if (s->order.kind != ORDER_HARDWARE || p->t == DT_F32 || D % 8 || D > 128)
        return tile_list(p, 32);
    return tile_list(p, 128) +
           (p->backward ? tile_list(p, D > 64 ? 64 : 128) : 0);
}

static size_t permutation(const struct k_sizes *s, const struct k_pass *p)
{
    size_t rows = (size_t)p->T *
                  (p->head_norms ? (size_t)p->attn.n_heads : 1);
    size_t longest = larger(rows, larger((size_t)p->vocab,
                                         2 * (size_t)p->ffn));

    return s->order.kind == ORDER_SHUFFLED
               ? longest / CANON_BLOCK * sizeof(int32_t)
               : 0;
}

static size_t norm_parts(size_t rows)
{
    size_t parts = (rows + 255) / 256;

    return parts < 64 ? parts : 64;
}

/* Sums of squares by blocks, and of rmsnorm's dw by parts of the rows. */
static size_t sums(const struct k_sizes *s, const struct k_pass *p)
{
    size_t squares = p->n_params / 65536 * sizeof(double);
    size_t norm = norm_parts((size_t)p->T) * (size_t)p->hidden;
    size_t heads = p->head_norms ? norm_parts((size_t)p->T *
                                              (size_t)p->attn.n_heads) *
                                       (size_t)p->attn.head_dim
                                 : 0;

    return s->order.kind == ORDER_HARDWARE
               ? larger(squares, larger(norm, heads) * sizeof(float))
               : squares;
}

/* Rows of logits; canonical ones are fp32. */
static size_t logits(const struct k_sizes *s, const struct k_pass *p)
{
    size_t V = ((size_t)p->vocab + 31) / 32 * 32, rows = LOGITS / V;

    if (s->order.kind == ORDER_HARDWARE)
        return hw_head_scratch(p->lt, p->vocab, p->R);
    rows = rows < 1 ? 1 : rows;
    rows = rows < (size_t)p->R ? rows : (size_t)p->R;
    return rows * V * sizeof(float);
}

static size_t scratch(const struct k_sizes *s, const struct k_pass *p)
{
    return (s->order.kind == ORDER_HARDWARE ? CUDA_WORKSPACE : 0) +
           room(logits(s, p)) + tiles(s, p) +
           room(p->backward ? sums(s, p) : 0) +
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

static int sizes(struct k_sizes *s, struct err *e)
{
    (void)e;
    s->n_threads = 0;
    s->weight = weight;
    s->scratch = scratch;
    return 0;
}

const struct backend cuda_backend = {
    .name = "cuda",
    .can = {.orders = 1 << ORDER_CANONICAL | 1 << ORDER_SHUFFLED |
                      1 << ORDER_HARDWARE,
            .own_memory = 1, .views = 1},
    .absent = ABSENT,
    .probe = cuda_probe,
    .open = cuda_open,
    .sizes = sizes,
};
