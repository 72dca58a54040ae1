/* clip - block sums from all ranks, added in their order; see clip.h */
#include "clip.h"
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "../../kernels/canon.h"

/* Block sums of all ranks, in the order of values. */
struct blocks {
    double *sum;
    size_t *n, *at; /* bytes of each rank, and where */
};

static void blocks_open(struct blocks *b, const struct slices *s)
{
    size_t all = 0;

    b->n = xcalloc((size_t)s->n, sizeof *b->n);
    b->at = xcalloc((size_t)s->n, sizeof *b->at);
    for (int r = 0; r < s->n; r++) {
        b->at[r] = all * sizeof *b->sum;
        for (int i = 0; i < slices_stretches(s); i++) {
            size_t from;

            all += slices_blocks(s, r, slices_stretch(s, i), &from);
        }
        b->n[r] = all * sizeof *b->sum - b->at[r];
    }
    b->sum = xcalloc(all + 1, sizeof *b->sum);
}

static void blocks_close(struct blocks *b)
{
    free(b->sum);
    free(b->n);
    free(b->at);
}

static void own_blocks(struct blocks *b, struct kernels *k,
                       const struct slices *s, const char *g)
{
    double *to = b->sum + b->at[s->rank] / sizeof *b->sum;

    for (int i = 0; i < slices_stretches(s); i++) {
        struct stretch t = slices_stretch(s, i);
        size_t from, n = slices_blocks(s, s->rank, t, &from);
        size_t first = from * SUMSQ_BLOCK, end = (from + n) * SUMSQ_BLOCK;

        if (!n)
            continue;
        end = end < t.n ? end : t.n;
        (void)k->sumsq(
            k, g + (t.first + first - slices_first(s)) * dtype_size(s->grads),
            s->grads, end - first, to);
        to += n;
    }
}

static double round_bf16(double x)
{
    return (double)canon_widen_bf16(canon_round_bf16((float)x));
}

static double total(const double *sum, size_t n)
{
    double t = 0;

    for (size_t i = 0; i < n; i++)
        t += sum[i];
    return t;
}

static void plain(struct clip *x, const struct slices *s, const double *sum)
{
    double coef;

    x->norm = sqrt(total(sum, sumsq_blocks(s->p->n_values))) / x->loss_scale;
    coef = x->max / (x->norm + 1e-6);
    x->coef = x->max > 0 && coef < 1 ? coef : 1;
}

/* Of bf16 gradients, as torch.nn.utils.clip_grad_norm_ has it: a norm of each
 * tensor, the norm of those, 1 over it and the product are bf16. */
static void bf16(struct clip *x, const struct slices *s, const double *sum)
{
    double squares = 0, coef;

    for (int i = 0; i < s->p->n; i++) {
        size_t n = sumsq_blocks(s->p->v[i].n);
        double norm = round_bf16(sqrt(total(sum, n)) / x->loss_scale);

        squares += norm * norm;
        sum += n;
    }
    x->norm = round_bf16(sqrt(squares));
    coef = round_bf16(x->max * round_bf16(1 / round_bf16(x->norm + 1e-6)));
    x->coef = x->max > 0 && coef < 1 ? coef : 1;
}

int clip_norm(struct clip *x, struct kernels *k, const struct slices *s,
              const void *g, struct err *e)
{
    struct blocks b;
    int r;

    blocks_open(&b, s);
    own_blocks(&b, k, s, g);
    r = k->sync(k, e);
    if (!r && s->n > 1)
        r = comm_allgatherv(s->c, b.sum, b.n, b.at, e);
    if (!r)
        (s->grads == DT_BF16 ? bf16 : plain)(x, s, b.sum);
    blocks_close(&b);
    return r;
}
