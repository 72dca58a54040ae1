/* train_ranks - slices of the values, and that the norm, the update and the
 * weights are those of one process, bit for bit */
#include <sys/stat.h>
#include "../../lib/base/hash.h"
#include "../../lib/model/pack.h"
#include "../../lib/train/gradient.h"
#include "../../lib/train/plan.h"
#include "../../lib/train/compute_weights.h"
#include "comm_rig.h"
#include "model_make.h"

static const int sizes[] = {1, 2, 3, 5, 8};
enum { N_SIZES = sizeof sizes / sizeof *sizes, VOCAB = 2100 };

/* Several blocks of the norm, in tensors of several and of less than one. */
static struct config many_blocks(void)
{
    return make_config(64, 2, 1, VOCAB);
}

static void check_slices(struct comm *c)
{
    struct config shape = many_blocks();
    struct params p;

    MUST(params_list(&p, &shape, &e));
    for (int t = DT_F32; t <= DT_BF16; t++) {
        struct slices s;

        slices_open(&s, c, &p, (enum dtype)t);
        T_CHECK(s.n == comm_size(c) && s.rank == comm_rank(c));
        for (int k = 0; k < slices_stretches(&s); k++) {
            struct stretch x = slices_stretch(&s, k);
            size_t next = 0, values = 0;

            for (int r = 0; r < s.n; r++) {
                size_t from, m = slices_blocks(&s, r, x, &from), first;

                T_CHECK(!m || from == next);
                next += m;
                for (size_t b = from; b < from + m; b++) {
                    size_t at = x.first + b * SUMSQ_BLOCK,
                           end = at + SUMSQ_BLOCK;

                    end = end < x.first + x.n ? end : x.first + x.n;
                    T_CHECK(at >= s.cut[r] && at < s.cut[r + 1]);
                    T_CHECK(slices_sum_end(&s, r) >= end);
                }
                values += slices_part(&s, r, x.first, x.n, &first);
            }
            T_EQ_INT(next, sumsq_blocks(x.n));
            T_EQ_INT(values, x.n);
        }
        T_EQ_INT(slices_sum_end(&s, s.n - 1), p.n_values);
        for (int r = 0; r < s.n; r++) /* none has much more than its part */
            T_CHECK(s.cut[r + 1] - s.cut[r] < p.n_values / (size_t)s.n + 128);
        slices_close(&s);
    }
    params_free(&p);
}

static void every_value_and_block_is_one_ranks(void)
{
    for (int i = 0; i < N_SIZES; i++)
        on_ranks(sizes[i], check_slices);
}

/* ---- an update ------------------------------------------------------- */

static const char *const arms[] = {"fp32",    "bf16-mixed", "bf16,dropout=0",
                                   "llmc-sr", "bf16-kahan", "fp16-mixed"};
enum { N_ARMS = sizeof arms / sizeof *arms };

struct after {
    struct adamw_result res;
    char master[33], state[33]; /* of files */
    char weights[33];
    uint64_t bytes;
    uint64_t logits; /* of the model, on every rank */
};
static struct after want[N_ARMS][2]; /* of one process; [1]: offloaded */

struct weights {
    struct hash128 *h;
    uint64_t bytes;
};

static int hash_weights(void *ctx, const void *p, size_t n, struct err *err)
{
    struct weights *w = ctx;

    (void)err;
    hash128_update(w->h, p, n);
    w->bytes += n;
    return 0;
}

static void file_hash(char digest[33], const char *dir, const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    MUST(hash_file_hex128(path, digest, &e));
    remove(path);
}

/* Numbers with every exponent from 2^-8 to 2^8. */
static float some(uint64_t seed, size_t i)
{
    uint64_t x = rng_mix(seed + i);

    return ldexpf((float)((int)(x & 0xffff) - 0x8000) / 0x8000,
                  (int)(x >> 20 & 15) - 8);
}

static uint64_t logits_of(struct model *m)
{
    static const int32_t start[2] = {0, 3}, tokens[3] = {5, VOCAB - 1, 17},
                         one = 1;
    const struct seqs q = {1, start, tokens, &one, NULL, NULL};
    float *v = malloc(sizeof *v * 3 * VOCAB);
    uint64_t h;

    MUST(model_logits(m, &q, v, &e));
    h = hash_bytes(v, sizeof *v * 3 * VOCAB);
    free(v);
    return h;
}

/* Two updates of an arm from made-up gradients, the weights of the first sent and
 * those of the second read in place; what rank 0 sees after. */
static struct after updates(struct comm *c, const char *arm, int offload)
{
    const struct adamw_opts o = {0.9, 0.999, 1e-8, 0.01, 1, 7, offload, 0, 0};
    struct config shape = many_blocks();
    struct after got = {0};
    struct weights sent = {0};
    struct comm_window *w = NULL;
    struct kernels *k;
    struct params p;
    struct adamw *a;
    struct model *m;
    struct arm parsed;
    float *g;
    char *dev, digest[33], dir[64];
    size_t first, n;

    MUST(arm_parse(&parsed, arm, &e));
    arm_seed(&parsed, 5);
    MUST(params_list(&p, &shape, &e));
    MUST(kernels_open(&k, "cpu", 1, parsed.order.k, &e));
    MUST(model_open(&m, &shape, &parsed, k, MODEL_TRAIN, &e));
    MUST(adamw_open_ranks(&a, c, k, &p, &parsed, &o, &e));
    g = malloc(p.n_values * sizeof *g);
    for (size_t j = 0; j < p.n_values; j++)
        g[j] = some(3, j) / 256;
    MUST(adamw_set_master(a, g, &e));
    MUST(compute_weights_update(m, a, NULL, &e));
    first = slices_first(&a->s);
    n = slices_sum_end(&a->s, a->s.rank) - first;
    dev = k->alloc(k, n * dtype_size(parsed.grads), &e);
    MUST(comm_window_open(&w, c, p.n_values * sizeof *g, &e));
    T_CHECK(comm_size(c) == 1 || w);
    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < p.n_values; j++)
            g[j] = some(11 + (uint64_t)i, j) * (float)a->loss_scale;
        k->cast(k, dev, parsed.grads, g + first, DT_F32, n);
        MUST(adamw_update(a, dev, 1e-3, &got.res, &e));
        MUST(compute_weights_update(m, a, i ? w : NULL, &e));
    }
    got.logits = logits_of(m);
    snprintf(dir, sizeof dir, "%s/ranks.%d", getenv("T") ? getenv("T") : ".",
             (int)getpid());
    if (!a->s.rank)
        T_CHECK(!mkdir(dir, 0777));
    sent.h = hash128_open();
    MUST(adamw_compute_weights(a, DT_BF16, hash_weights, &sent, &e));
    hash128_hex(sent.h, got.weights);
    hash128_close(&sent.h);
    got.bytes = sent.bytes;
    MUST(adamw_save_master(a, dir, digest, &e));
    MUST(adamw_save_state(a, dir, digest, &e));
    if (!a->s.rank) {
        file_hash(got.master, dir, "model.safetensors");
        file_hash(got.state, dir, "optimizer.safetensors");
        rmdir(dir);
    }
    MUST(comm_barrier(c, &e));
    comm_window_close(&w);
    k->free(k, dev);
    free(g);
    adamw_close(&a);
    model_close(&m);
    kernels_close(&k);
    params_free(&p);
    return got;
}

static void on_one(struct comm *c)
{
    for (int i = 0; i < N_ARMS; i++)
        for (int offload = 0; offload < 2; offload++)
            want[i][offload] = updates(c, arms[i], offload);
}

static void on_each(struct comm *c)
{
    for (int i = comm_size(c) % 2; i < N_ARMS; i += 2) {
        int offload = comm_size(c) % 3 == 2;
        struct after got = updates(c, arms[i], offload),
                     *was = &want[i][offload];

        T_CHECKF(got.res.norm == was->res.norm &&
                     got.res.changed == was->res.changed &&
                     got.res.skipped == was->res.skipped &&
                     got.logits == was->logits,
                 "%s: norm %.17g of %.17g", arms[i], got.res.norm,
                 was->res.norm);
        if (!comm_rank(c))
            T_CHECKF(!strcmp(got.master, was->master) &&
                         !strcmp(got.state, was->state) &&
                         !strcmp(got.weights, was->weights) &&
                         got.bytes == was->bytes,
                     "%s: other bits", arms[i]);
    }
}

static void updates_are_those_of_one_process(void)
{
    on_ranks(1, on_one);
    for (int i = 0; i < N_ARMS; i++) {
        T_EQ_STR(want[i][0].master, want[i][1].master);
        T_CHECK(want[i][0].res.norm > 1 && !want[i][0].res.skipped);
        T_CHECK(want[i][0].res.changed > 0);
    }
    for (int i = 1; i < N_SIZES; i++)
        on_ranks(sizes[i], on_each);
}

/* ---- the plan -------------------------------------------------------- */

enum { SHARDS = 8, LENGTH = 96 };
static const char *planned; /* an arm */

struct work {
    struct model *m;
    struct pack p;
    float logp[SHARDS * LENGTH], dlogp[SHARDS * LENGTH];
};

static int pass(void *ctx, int a, int b, struct err *err)
{
    struct work *w = ctx;
    struct seqs q = pack_view(&w->p, a, b);
    int r = model_forward(w->m, &q, 1, 1, 0, w->logp + a * LENGTH, NULL, err);

    return r ? r : model_backward(w->m, w->dlogp + a * LENGTH, err);
}

/* A shard is a sequence; of one update. */
static void measure(struct comm *c)
{
    static struct work w;
    const struct adamw_opts o = {0.9, 0.999, 1e-8, 0.01, 1, 7, 0, 0, 0};
    struct config shape = many_blocks();
    struct gradient_work how = {pass, &w, LENGTH};
    int32_t tokens[LENGTH];
    int end[SHARDS];
    double mine[3], all[8][3];
    struct comm_traffic before, after;
    struct plan_traffic t;
    struct plan_memory plan;
    const struct plan_shape as = {.micro_batch = LENGTH,
                                  .longest = LENGTH,
                                  .batch = 1,
                                  .ranks = comm_size(c)};
    struct k_memory mem;
    struct adamw_result res;
    struct gradient g;
    struct kernels *k;
    struct adamw *a;
    struct arm arm;

    MUST(arm_parse(&arm, planned, &e));
    MUST(kernels_open(&k, "cpu", 1, arm.order.k, &e));
    MUST(model_open(&w.m, &shape, &arm, k, MODEL_TRAIN | MODEL_LATER, &e));
    MUST(adamw_open_ranks(&a, c, k, model_params(w.m), &arm, &o, &e));
    MUST(model_attach(w.m, NULL, arm.master, &e));
    gradient_open(&g, w.m, k, &arm, &a->s);
    for (int i = 0; i < SHARDS; i++) {
        for (int j = 0; j < LENGTH; j++)
            tokens[j] = (i * 31 + j * 7) % VOCAB;
        pack_add(&w.p, tokens, LENGTH, 1, (uint64_t)i);
        end[i] = i + 1;
    }
    for (int i = 0; i < SHARDS * LENGTH; i++)
        w.dlogp[i] = 1e-3f;
    comm_traffic(c, &before);
    MUST(gradient_make(&g, &w.p, 0, end, &how, &e));
    MUST(adamw_update(a, gradient_get(&g), 1e-3, &res, &e));
    MUST(compute_weights_update(w.m, a, gradient_window(&g), &e));
    comm_traffic(c, &after);
    k->memory(k, &mem);
    plan_traffic(&t, &shape, &arm, &as);
    plan_memory(&plan, &shape, &arm, &k->sizes, as);
    mine[0] = (double)(after.sent - before.sent);
    mine[1] = (double)(after.received - before.received);
    mem.peak += gradient_shared(&g);
    mine[2] = (double)mem.peak;
    MUST(comm_gather(c, 0, mine, sizeof mine, all, &e));
    for (int r = 0; r < comm_size(c) && !comm_rank(c); r++)
        for (int i = 0; i < 3; i++)
            mine[i] = fmax(mine[i], all[r][i]);
    if (!comm_rank(c)) { /* of the rank that has most */
        T_NEAR(mine[0], (double)(t.grads_out + t.weights_out), 0, 0.1);
        T_NEAR(mine[1], (double)(t.grads_in + t.weights_in), 0, 0.1);
        T_NEAR(mine[2], (double)plan.training, 0, 0.1);
    }
    if (getenv("SHOW"))
        printf(
            "%s, rank %d of %d: peak %zu planned %zu, sent %llu planned %zu\n",
            planned, comm_rank(c), comm_size(c), mem.peak, plan.training,
            after.sent - before.sent, t.grads_out + t.weights_out);
    gradient_close(&g);
    adamw_close(&a);
    model_close(&w.m);
    kernels_close(&k);
    pack_free(&w.p);
}

static void memory_and_traffic_are_as_planned(void)
{
    static const char *const of[] = {"fp32,prefixes=apart,shards=8",
                                     "bf16-mixed,prefixes=apart,shards=8",
                                     "bf16,dropout=0,shards=8"};

    for (int i = 0; i < 3; i++) {
        planned = of[i];
        on_ranks(2, measure);
        on_ranks(4, measure);
    }
}

int main(void)
{
    T_RUN(every_value_and_block_is_one_ranks);
    T_RUN(updates_are_those_of_one_process);
    T_RUN(memory_and_traffic_are_as_planned);
    T_DONE();
}
