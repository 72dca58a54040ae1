/* plan_ranks - from the slices of all ranks; see plan_ranks.h */
#include "plan_ranks.h"
#include "../base/larger.h"
#include "../comm/device.h"
#include "gradient.h"
#include "compute_weights.h"

/* No tensors: no slices. */
static int list(struct params *p, const struct config *c)
{
    struct err e;

    return params_list(p, c, &e);
}

struct plan_slice plan_slice(const struct config *c, const struct arm *a,
                             int ranks, int apart)
{
    struct plan_slice most = {0};
    struct slices s;
    struct params p;

    if (list(&p, c))
        return most;
    slices_plan(&s, 0, ranks, &p, a->grads);
    for (int r = 0; r < ranks; r++) {
        most.values = larger(most.values, s.cut[r + 1] - s.cut[r]);
        most.sum = larger(most.sum, slices_sum(&s, r));
        s.rank = r;
        most.scattered = larger(most.scattered,
                                compute_weights_scattered(&s, apart));
    }
    slices_close(&s);
    params_free(&p);
    return most;
}

struct plan_exchange plan_exchange(const struct config *c, const struct arm *a,
                                   struct plan_slice slice, int ranks,
                                   const struct k_sizes *s,
                                   const struct plan_shape *o)
{
    int own_memory = !s->n_threads;
    int buffers = gradient_buffers(a, ranks, own_memory);
    size_t n = params_sizes(c).values, size = dtype_size(a->grads);
    size_t pieces = (size_t)ranks * reduce_scatter_piece(slice.sum) * size;
    size_t weights = o->shard_weights ? 0 : n * dtype_size(a->compute);
    /* they lie where gradients do, if these are no smaller */
    size_t spare = dtype_size(a->compute) > size ? weights : 0;

    if (ranks == 1)
        return (struct plan_exchange){0, 0};
    if (own_memory)
        return (struct plan_exchange){pieces + spare, 2 * (size_t)(ranks - 1) *
                                                          COMM_DEVICE_PIECE};
    return (struct plan_exchange){
        (o->apart ? pieces : 0) + (buffers > 1 ? n * size : 0) + spare, 0};
}

struct plan_exchange plan_weights(const struct arm *a, struct plan_slice slice,
                                  int ranks, const struct k_sizes *s,
                                  const struct plan_shape *o)
{
    size_t size = dtype_size(a->compute), own = slice.values * size;

    if (ranks == 1 || !o->shard_weights)
        return (struct plan_exchange){0, 0};
    if (!s->n_threads) /* a piece on its way to the host's memory, or from it */
        return (struct plan_exchange){
            adamw_piece(slice.values) * size,
            own + (o->apart ? MODEL_STORE_PIECE * size : 0)};
    return (struct plan_exchange){
        slice.scattered * size + (adamw_shares_master(a, 0) ? 0 : own), 0};
}

/* ---- traffic --------------------------------------------------------- */

/* How often a rank gathers a unit: in a forward and backward, whose first two
 * layers are there since the one before, as the last two are in the backward;
 * and beside that after an update. */
struct often {
    size_t pass, update;
};

static struct often gathers(const struct config *c, const struct fused *f)
{
    struct often n = {0, 1};

    if (f->K && f->layer < 0)
        n = (struct often){!c->tied, !!c->tied};
    else if (f->K)
        n = (struct often){(size_t)(f->layer >= 2) +
                               (size_t)(f->layer < c->layers - 2),
                           f->layer < 2};
    return n;
}

static void add_gathered(struct plan_traffic *t, const struct config *c,
                         const struct slices *s, size_t weight, int apart)
{
    for (int r = 0; r < s->n; r++) {
        struct often in = {0}, out = {0};

        for (int i = 0; i < s->p->n_fused; i++) {
            const struct fused *f = &s->p->fused[i];
            struct often n = gathers(c, f);
            size_t from, own = slices_part(s, r, f->offset, f->n, &from);

            in.pass += n.pass * (f->n - own);
            in.update += n.update * (f->n - own);
            out.pass += n.pass * own;
            out.update += n.update * own * (size_t)(s->n - 1);
        }
        t->pass_in = larger(t->pass_in, in.pass * weight);
        t->weights_in = larger(t->weights_in, in.update * weight);
        if (!apart || out.pass * weight <= t->pass_out)
            continue;
        t->pass_out = out.pass * weight;
        t->weights_out = out.update * weight;
    }
}

/* Shards of rank r, if none is empty. */
static size_t shards_of(const struct arm *a, int r, int ranks)
{
    return r < a->shards ? (size_t)((a->shards - 1 - r) / ranks + 1) : 0;
}

void plan_traffic(struct plan_traffic *t, const struct config *c,
                  const struct arm *a, const struct plan_shape *o)
{
    int ranks = o->ranks > 1 ? o->ranks : 1;
    size_t grad = dtype_size(a->grads), weight = dtype_size(a->compute);
    size_t sampled = dtype_size(arm_sampler(a).compute), all_sums = 0, n;
    struct slices s;
    struct params p;

    *t = (struct plan_traffic){0};
    if (list(&p, c))
        return;
    n = p.n_values;
    slices_plan(&s, 0, ranks, &p, a->grads);
    for (int r = 0; r < ranks; r++)
        all_sums += slices_sum(&s, r);
    for (int r = 0; r < ranks; r++) {
        size_t sum = slices_sum(&s, r);
        size_t own = s.cut[r + 1] - s.cut[r], mine = shards_of(a, r, ranks);
        size_t others = (size_t)a->shards - mine;

        t->grads_out = larger(t->grads_out, mine * (all_sums - sum) * grad);
        t->grads_in = larger(t->grads_in, others * sum * grad);
        if (!o->shard_weights) {
            t->weights_out = larger(t->weights_out,
                                    own * (size_t)(ranks - 1) * weight);
            t->weights_in = larger(t->weights_in, (n - own) * weight);
        }
        if (r)
            t->step_out = larger(t->step_out, own * sampled);
        else
            t->step_in = (n - own) * sampled;
    }
    if (o->shard_weights)
        add_gathered(t, c, &s, weight, o->apart);
    slices_close(&s);
    params_free(&p);
}
