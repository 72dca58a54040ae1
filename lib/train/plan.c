/* plan - what training takes; see plan.h, and loop.h for loop_plan */
#include "plan.h"
#include <string.h>
#include "../generate/gen.h"
#include "adamw.h"
#include "gradient.h"
#include "loop.h"
#include "plan_ranks.h"
#include "../base/larger.h"

/* ---- bytes ----------------------------------------------------------- */

static int most(int a, int b)
{
    return a > b ? a : b;
}

/* Sequences of half the longest are taken to be the mean. */
static int sequences(int tokens, int longest)
{
    return (2 * (tokens - 1) + longest) / longest;
}

/* Of a device whose trainer waits, the part that the cache takes. */
static int fit_batch(const struct plan_memory *p, const struct k_sizes *s,
                     struct plan_shape o, size_t sequence)
{
    size_t held = p->waiting + p->sampler_weights, n;

    if (!o.device)
        return o.batch;
    n = held < o.device
            ? (size_t)(gen_cache_part(s) * (double)(o.device - held)) / sequence
            : 0;
    return n < 1 ? 1 : n < (size_t)o.batch ? (int)n : o.batch;
}

static void plan_sampler(struct plan_memory *p, const struct config *c,
                         const struct arm *a, const struct k_sizes *s,
                         struct plan_shape o)
{
    /* prompts enter beside the running sequences */
    struct model_use u = {
        .tokens = GEN_PREFILL + o.batch, .seqs = o.batch, .longest = o.longest};
    size_t sequence = model_page_bytes(c, a->compute) *
                      (size_t)kv_pages_for(o.longest);
    struct model_memory m;

    model_memory(&m, c, a, s, u);
    p->sampler_weights = m.weights;
    p->sampler_pass = m.acts + m.scratch;
    p->sampler_batch = fit_batch(p, s, o, sequence);
    p->sampler_cache = sequence * (size_t)p->sampler_batch;
}

void plan_memory(struct plan_memory *p, const struct config *c,
                 const struct arm *a, const struct k_sizes *s,
                 struct plan_shape o)
{
    int tokens = most(o.micro_batch, o.longest);
    struct model_use u = {.tokens = tokens,
                          .seqs = sequences(tokens, o.longest),
                          .longest = o.longest,
                          .flags = MODEL_TRAIN |
                                   (o.recompute ? MODEL_RECOMPUTE : 0)};
    struct arm sampler = arm_sampler(a);
    int ranks = most(o.ranks, 1);
    struct plan_slice slice = plan_slice(c, a, ranks, o.apart);
    struct plan_exchange exchange = plan_exchange(c, a, slice, ranks, s, &o);
    struct plan_exchange weights = plan_weights(a, slice, ranks, s, &o);
    size_t all, n = slice.values, held;

    if (ranks == 1) /* the matrices may be the master's */
        u.flags |= MODEL_LATER;
    else if (o.shard_weights)
        u.flags |= MODEL_GATHER;
    model_memory(&p->m, c, a, s, u);
    p->m.weights += weights.device;
    all = p->m.n_params;
    p->sum = gradient_has_sum(a, ranks) ? slice.sum * dtype_size(a->grads) : 0;
    p->exchange = exchange.device;
    p->master = n * dtype_size(a->master);
    p->moments = 2 * n * dtype_size(a->adam);
    p->compensation = a->kahan ? n * dtype_size(DT_BF16) : 0;
    p->pieces = sampler.compute == a->master
                    ? 0
                    : adamw_piece(all) * dtype_size(sampler.compute);
    p->host = o.offload ? p->moments + p->compensation : 0;
    held = p->m.weights + p->master + p->moments + p->compensation;
    if (o.offload)
        held += adamw_piece_bytes(a, n);
    if (o.offload && !s->n_threads) /* a device with memory of its own */
        held -= p->host;
    p->sampler_before = o.copies ? all * dtype_size(sampler.compute) : 0;
    p->before = o.given ? 0 : p->sampler_before;
    if (s->n_threads) /* host memory is the device's */
        held += p->before;
    p->host += exchange.host + weights.host;
    p->training = held + p->m.grads + p->sum + p->exchange + p->m.acts +
                  p->m.scratch;
    p->waiting = (o.release ? held : p->training) + p->pieces;
    p->training = larger(p->training, p->waiting);
    p->others = p->training - (s->n_threads ? p->before : 0);
    plan_sampler(p, c, &sampler, s, o);
    if (s->n_threads)
        p->sampler_weights += p->sampler_before;
    p->together = p->waiting + p->sampler_weights + p->sampler_cache +
                  p->sampler_pass;
    p->parked = larger(p->together, p->training);
    p->together = larger(
        p->together, p->training + p->sampler_weights +
                         (o.release ? 0 : p->sampler_cache + p->sampler_pass));
}

/* The largest micro-batch, in tokens, whose training takes at most `bytes`
 * (with `beside`: the rollout's weights too); 0 when none does. No smaller
 * than the longest sequence, which is never cut. */
static int plan_largest(const struct config *c, const struct arm *a,
                        const struct k_sizes *s, struct plan_shape o,
                        int beside, size_t bytes)
{
    int low = 0, high = 1 << 24; /* low fits, high does not */

    while (high - low > 1) {
        int mid = low + (high - low) / 2;
        struct plan_memory p;

        o.micro_batch = mid;
        plan_memory(&p, c, a, s, o);
        if (p.training + p.m.branching + (beside ? p.sampler_weights : 0) <=
            bytes)
            low = mid;
        else
            high = mid;
    }
    return low < o.longest ? 0 : low;
}

/* ---- the page -------------------------------------------------------- */

struct page {
    FILE *out;
    struct config c;
    struct arm a;
    struct k_sizes s;
    struct plan_shape o;
    struct plan_memory p;
};

static void line(const struct page *g, const char *name, size_t bytes,
                 const char *remark)
{
    fprintf(g->out, "%-19s %.1f MiB%s%s%s\n", name, (double)bytes / (1 << 20),
            remark ? " (" : "", remark ? remark : "", remark ? ")" : "");
}

static void trainer(const struct page *g)
{
    const struct plan_memory *p = &g->p;
    char what[100];
    int n = snprintf(what, sizeof what, "micro-batch %d tokens%s",
                     most(g->o.micro_batch, g->o.longest),
                     g->o.recompute ? ", recomputed" : "");

    if (p->m.branching)
        snprintf(what + n, sizeof what - (size_t)n,
                 "; up to %.1f more if samples share prefixes",
                 (double)p->m.branching / (1 << 20));
    line(g, "compute weights", p->m.weights,
         g->o.ranks > 1 && g->o.shard_weights ? "two layers at a time"
         : g->s.can.views && g->a.master == g->a.compute && g->o.ranks < 2
             ? "the matrices are the master's"
             : NULL);
    line(g, "master weights", p->master, NULL);
    line(g, "moments", p->moments, g->o.offload ? "in host memory" : NULL);
    if (p->compensation)
        line(g, "compensation", p->compensation,
             g->o.offload ? "in host memory" : NULL);
    if (p->before)
        line(g, "weights sent before", p->before,
             g->o.ranks < 2 ? "in host memory; none with --sync-full"
                            : "in host memory of rank 0; none with "
                              "--sync-full");
    line(g, "gradients", p->m.grads, p->sum ? "of a shard" : NULL);
    if (p->sum)
        line(g, "  their sum", p->sum, NULL);
    if (p->exchange)
        line(g, "  on their way", p->exchange, "between ranks");
    line(g, "activations", p->m.acts, what);
    line(g, "scratch", p->m.scratch, NULL);
    line(g, "total", p->training, NULL);
}

static void sampler(const struct page *g)
{
    const struct plan_memory *p = &g->p;
    char what[100];

    snprintf(what, sizeof what, "%d of %d sequences of at most %d tokens",
             p->sampler_batch, g->o.batch, g->o.longest);
    line(g, "waiting", p->waiting, "while rollouts are made");
    line(g, "sampler weights", p->sampler_weights,
         p->sampler_before && g->s.n_threads ? "and those sent before" : NULL);
    line(g, "sampler cache", p->sampler_cache, what);
    line(g, "sampler pass", p->sampler_pass, NULL);
    line(g, "both at once", p->together, "the most that a loop holds");
    line(g, "with its --offload", p->parked, "the sampler's weights wait too");
}

static void fits(const struct page *g, const char *name, size_t need,
                 size_t there)
{
    double gib = 1 << 30;

    if (need <= there)
        fprintf(g->out, "%-19s fits, %.1f GiB are left\n", name,
                (double)(there - need) / gib);
    else
        fprintf(g->out, "%-19s does not fit, by %.1f GiB\n", name,
                (double)(need - there) / gib);
}

/* Without and with --recompute. */
struct largest {
    int plain, again;
};

static struct largest largest(const struct page *g, int beside, size_t there)
{
    struct plan_shape o = g->o;
    struct largest l;

    o.recompute = 0;
    l.plain = plan_largest(&g->c, &g->a, &g->s, o, beside, there);
    o.recompute = 1;
    l.again = plan_largest(&g->c, &g->a, &g->s, o, beside, there);
    return l;
}

static void print_largest(const struct page *g, const char *name, int beside,
                          size_t there)
{
    struct largest l = largest(g, beside, there);

    fprintf(g->out, "%-19s ", name);
    if (l.plain)
        fprintf(g->out, "%d tokens, with --recompute %d\n", l.plain, l.again);
    else if (l.again)
        fprintf(g->out, "with --recompute %d tokens, without it none\n",
                l.again);
    else
        fprintf(g->out, "none, not one sequence of %d tokens\n", g->o.longest);
}

static void card(const struct page *g, size_t there)
{
    char name[64];
    size_t more = g->p.m.branching;

    snprintf(name, sizeof name, "on %.1f GiB", (double)there / (1 << 30));
    fits(g, name, g->p.training + more, there);
    fits(g, "  with the sampler", g->p.together + more, there);
    fits(g, "  and its --offload", g->p.parked + more, there);
    print_largest(g, "largest micro-batch", 0, there);
    print_largest(g, "  with the sampler", 1, there);
}

static void ranks(const struct page *g)
{
    const struct plan_memory *p = &g->p;
    struct plan_traffic t;

    if (g->o.ranks < 2)
        return;
    plan_traffic(&t, &g->c, &g->a, &g->o);
    fprintf(g->out, "ranks               %d, each as above", g->o.ranks);
    if (p->others < p->training)
        fprintf(g->out, "; total of all but rank 0: %.1f MiB",
                (double)p->others / (1 << 20));
    fputc('\n', g->out);
    line(g, "sent an update", t.grads_out + t.weights_out,
         "by a rank: gradients, weights");
    line(g, "received an update", t.grads_in + t.weights_in, NULL);
    if (g->o.shard_weights)
        line(g, "read a micro-batch", t.pass_in, "weights of other ranks");
    if (t.pass_out)
        line(g, "sent for one", t.pass_out, "of each other rank");
    line(g, "received a step", t.step_in, "by rank 0: weights for the sampler");
}

static int updates(const struct loop_opts *o)
{
    return (o->prompts + o->mini_batch - 1) / o->mini_batch * o->epochs;
}

static int open_page(struct page *g, const struct loop_opts *o, struct err *e)
{
    const char *device = o->device;
    int r = config_read(&g->c, o->model, e);

    if (!r)
        r = arm_parse(&g->a, o->arm, e);
    arm_resolve(&g->a, g->c.attention_dropout);
    if (o->device_memory && device && !strcmp(device, "auto"))
        device = kernels_card();
    if (!r)
        r = kernels_sizes(&g->s, device, o->threads, g->a.order.k, e);
    if (r)
        return r;
    g->o = (struct plan_shape){
        .micro_batch = o->micro_batch,
        .longest = o->longest,
        .recompute = o->recompute,
        .offload = o->offload,
        .copies = !o->sync_full,
        .given = loop_keeps(o, &g->a, o->plan_ranks, g->s.can.own_memory) &&
                 updates(o) == 1,
        .batch = o->batch,
        .ranks = o->plan_ranks,
        .apart = o->plan_apart,
        .shard_weights = o->shard_weights,
        .release = o->release || g->s.can.own_memory,
        .device = (size_t)o->device_memory,
    };
    if (!g->o.longest)
        g->o.longest = o->micro_batch < g->c.max_pos ? o->micro_batch
                                                     : g->c.max_pos;
    plan_memory(&g->p, &g->c, &g->a, &g->s, g->o);
    return 0;
}

static long long rollouts(const struct loop_opts *o)
{
    return (long long)o->prompts * o->samples;
}

static void set_card(struct rec *r, const struct page *g, size_t there)
{
    struct largest alone = largest(g, 0, there), both = largest(g, 1, there);

    rec_set_u64(r, "device_memory_bytes", there);
    rec_set_i64(r, "largest_micro_batch_tokens", alone.plain);
    rec_set_i64(r, "largest_recomputed_tokens", alone.again);
    rec_set_i64(r, "largest_micro_batch_beside_sampler_tokens", both.plain);
    rec_set_i64(r, "largest_recomputed_beside_sampler_tokens", both.again);
}

static int print_record(const struct page *g, const struct loop_opts *o,
                        struct err *e)
{
    struct rec *r = rec_new();
    struct plan_traffic t;
    int x;

    plan_set(r, &g->a, g->s.name, &g->p, &g->o);
    plan_traffic(&t, &g->c, &g->a, &g->o);
    plan_set_traffic(r, &t, most(g->o.ranks, 1));
    if (o->device_memory)
        set_card(r, g, (size_t)o->device_memory);
    rec_set_i64(r, "rollouts_per_round", rollouts(o));
    rec_set_i64(r, "updates_per_step", updates(o));
    x = rec_print(r, o->metrics, e);
    rec_free(&r);
    return x;
}

static void print_page(struct page *g, const struct loop_opts *o)
{
    char arm[ARM_TEXT];

    arm_format(&g->a, arm, sizeof arm);
    fprintf(g->out, "arm                 %s\n", arm);
    fprintf(g->out, "device              %s\n", g->s.name);
    fprintf(g->out, "parameters          %zu\n", g->p.m.n_params);
    trainer(g);
    ranks(g);
    sampler(g);
    if (o->device_memory)
        card(g, (size_t)o->device_memory);
    fprintf(g->out, "rollouts a round    %lld\n", rollouts(o));
    fprintf(g->out, "updates a step      %d\n", updates(o));
}

int loop_plan(const struct loop_opts *o, FILE *out, struct err *e)
{
    struct page g = {.out = out};
    int r = open_page(&g, o, e);

    if (!r && o->json)
        return print_record(&g, o, e);
    if (!r)
        print_page(&g, o);
    return r;
}
