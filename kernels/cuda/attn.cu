/* attn - causal attention over packed sequences */
#include "attn_rows.h"
#include "tiles.h"

/* w but for what the tile and the head decide. */
template <int Q>
KERNEL __launch_bounds__(ATTN_NT, Q > 4 ? 1 : 2)
    attend_packed(struct attn_rows w, struct k_attn_shape s,
                  const struct attn_tile *tiles)
{
    struct attn_tile at = tiles[blockIdx.x / (unsigned)s.n_heads];
    int head = (int)(blockIdx.x % (unsigned)s.n_heads);
    int group = s.n_heads / s.n_kv_heads;
    long D = w.D, row = at.row + at.at, size = w.t == DT_F32 ? 4 : 2;
    long key = at.row * w.ldk + (s.n_heads + head / group) * D;

    w.k = (uint64_t)(uintptr_t)w.q + (uint64_t)(key * size);
    w.v = w.k + (uint64_t)(s.n_kv_heads * D * size);
    w.q0 = row * w.ldk + head * D;
    w.lse0 = row * s.n_heads + head;
    w.o0 = w.lse0 * D;
    w.rows = at.len - at.at < TILE ? at.len - at.at : TILE;
    w.limit0 = at.at + 1;
    attend_rows<Q>(w);
}

OP(void, attn)(struct kernels *k, enum dtype t, void *o, float *lse,
               const void *qkv, struct k_attn_shape s, struct k_seqs q, int T)
{
    struct cuda *c = cuda_of(k);
    struct attn_rows w = {};
    auto attention = ATTN_FOR(s.head_dim, attend_packed);
    struct attn_tiles tiles;
    size_t shared;

    (void)T;
    w.t = t;
    w.D = s.head_dim;
    w.limit_step = 1;
    w.wide = attn_wide(qkv, s.head_dim);
    w.q = qkv;
    w.o = o;
    w.lse = lse;
    w.ld_lse = s.n_heads;
    w.ldk = w.ldq = (long)(s.n_heads + 2 * s.n_kv_heads) * s.head_dim;
    w.ldo = (long)s.n_heads * s.head_dim;
    w.scale = attn_scale(s.head_dim);
    shared = ATTN_SHARED(c, attention, s.head_dim, 3, 1);
    if (CU(cuda_tiles)(c, TILES_FORWARD, q, TILE, &tiles) &&
        tiles.n_queries && shared)
        LAUNCH(c, attention, tiles.n_queries * (unsigned)s.n_heads, ATTN_NT,
               shared, w, s, tiles.queries);
}
