/* train_shards - where shards end, and that a mini-batch's gradient is the sum
 * of theirs
 *
 * The sum is made here of the gradients that models with one shard give of each
 * shard alone, in plain C, and compared bit by bit.
 */
#include "../../lib/model/pack.h"
#include "../../lib/train/gradient.h"
#include "../../lib/train/shards.h"
#include "model_make.h"

enum { MAX_GROUPS = 40, MAX_SHARDS = 64 };

/* ---- where they end ---- */

/* NUMERICS.md's words: shard k ends at the first group end where S x rows so far
 * >= k x total; what is left goes to the last. */
static void ends_by_the_words(int *end, int S, const uint64_t *rows,
                              const int *group_end, int n)
{
    uint64_t total = 0;

    for (int i = 0; i < n; i++)
        total += rows[i];
    for (int k = 1; k <= S; k++) {
        uint64_t so_far = 0;

        for (int i = 0; i < n; i++) {
            so_far += rows[i];
            end[k - 1] = group_end[i];
            if ((uint64_t)S * so_far >= (uint64_t)k * total)
                break;
        }
    }
    end[S - 1] = group_end[n - 1];
}

static void shards_end_where_the_words_say(void)
{
    static const int shards[] = {1, 2, 3, 5, 8, 17, MAX_SHARDS};
    struct rng r;

    rng_init(&r, 1, 1);
    for (int trial = 0; trial < 300; trial++) {
        int n = rng_range(&r, 1, MAX_GROUPS), group_end[MAX_GROUPS];
        int from = trial % 3; /* sequences of the mini-batch before */
        uint64_t rows[MAX_GROUPS] = {0};
        int32_t tokens[64] = {0};
        struct pack p = {0};

        for (int i = 0; i < from; i++)
            pack_add(&p, tokens, 30, 2, 0);
        for (int i = 0; i < n; i++) {
            int samples = rng_range(&r, 1, 4), skewed = trial % 4 == 3;

            for (int j = 0; j < samples; j++) {
                int len = skewed && i ? 3 : rng_range(&r, 2, 60);
                int first = trial % 5 == 4 ? len : rng_range(&r, 1, len);

                tokens[1] = j;
                pack_add(&p, tokens, len, j ? p.first[p.n - 1] : first, 0);
                if (p.first[p.n - 1] > len)
                    p.first[p.n - 1] = len;
                if (j && trial % 2)
                    pack_share(&p);
                if (p.first[p.n - 1] < len)
                    rows[i] += (uint64_t)(len - 1 - p.shared[p.n - 1]);
            }
            group_end[i] = p.n;
        }
        for (size_t s = 0; s < sizeof shards / sizeof *shards; s++) {
            int end[MAX_SHARDS], want[MAX_SHARDS];

            ends_by_the_words(want, shards[s], rows, group_end, n);
            shards_cut(end, shards[s], &p, from, group_end, n);
            for (int k = 0; k < shards[s]; k++)
                T_CHECKF(end[k] == want[k], "trial %d: shard %d of %d: %d, %d",
                         trial, k, shards[s], end[k], want[k]);
        }
        pack_free(&p);
    }
}

/* ---- whose they are ---- */

/* A shard k of rows[k] rows, one sequence each. */
static void deal(const int *rows, int n, int ranks, int *rank_of)
{
    int32_t tokens[64] = {0};
    struct pack p = {0};
    int end[MAX_SHARDS];

    pack_add(&p, tokens, 30, 2, 0); /* of the mini-batch before */
    for (int k = 0; k < n; k++) {
        pack_add(&p, tokens, rows[k] + 1, 1, 0);
        end[k] = p.n;
    }
    shards_deal(rank_of, n, ranks, &p, 1, end);
    pack_free(&p);
}

static void equal_shards_go_round_by_round(void)
{
    int rows[MAX_SHARDS], rank_of[MAX_SHARDS];

    for (int k = 0; k < MAX_SHARDS; k++)
        rows[k] = 7;
    for (int ranks = 1; ranks <= MAX_SHARDS + 1; ranks++) {
        deal(rows, MAX_SHARDS, ranks, rank_of);
        for (int k = 0; k < MAX_SHARDS; k++)
            T_EQ_INT(rank_of[k], k % ranks);
    }
}

static void the_longest_shard_goes_to_who_had_least(void)
{
    static const int rows[] = {3, 1, 3, 1, 2, 2, 3, 1}, /* in turn: 11 and 5 */
        want[] = {0, 1, 1, 0, 0, 1, 0, 1};
    int rank_of[8];

    deal(rows, 8, 2, rank_of);
    for (int k = 0; k < 8; k++)
        T_EQ_INT(rank_of[k], want[k]);
}

/* A rank has one shard of a round at most, and no rank has more rows than another
 * by more than a shard has. */
static void deals_are_fair(void)
{
    for (int trial = 0; trial < 200; trial++) {
        struct rng r;
        int rows[MAX_SHARDS], rank_of[MAX_SHARDS], n, ranks, most = 0;
        int had[MAX_SHARDS] = {0};

        rng_init(&r, 9, (uint64_t)trial);
        n = rng_range(&r, 1, MAX_SHARDS);
        ranks = rng_range(&r, 1, 8);
        for (int k = 0; k < n; k++) {
            rows[k] = rng_range(&r, 0, 60);
            most = rows[k] > most ? rows[k] : most;
        }
        deal(rows, n, ranks, rank_of);
        for (int k = 0; k < n; k++) {
            T_CHECK(rank_of[k] >= 0 && rank_of[k] < ranks);
            for (int j = k - k % ranks; j < k; j++)
                T_CHECKF(rank_of[j] != rank_of[k],
                         "trial %d: shards %d and %d of a round", trial, j, k);
            had[rank_of[k]] += rows[k];
        }
        for (int q = 0; q < ranks; q++)
            for (int o = 0; o < ranks; o++)
                T_CHECKF(had[q] - had[o] <= most,
                         "trial %d: %d and %d rows, at most %d a shard", trial,
                         had[q], had[o], most);
    }
}

/* ---- their sum ---- */

struct job {
    struct made x;
    struct pack *p;
    float *logp, *dlogp;
};

static int pass(void *ctx, int a, int b, struct err *err)
{
    struct job *j = ctx;
    struct seqs q = pack_view(j->p, a, b);
    int r = model_forward(j->x.m, &q, 1, 11, 3, j->logp + j->p->start[a], NULL,
                          err);

    return r ? r : model_backward(j->x.m, j->dlogp + j->p->start[a], err);
}

/* Groups of 1 to 5 samples that begin alike; the first is long. */
static void fill(struct pack *p, int *group_end, int n_groups, int V, int share)
{
    struct rng r;

    rng_init(&r, 5, 5);
    for (int g = 0; g < n_groups; g++) {
        int32_t tokens[64];
        int samples = rng_range(&r, 1, 5);

        for (int j = 0; j < samples; j++) {
            int n = g ? rng_range(&r, 5, 20) : 50;

            for (int i = j ? 3 + j % 2 : 0; i < n; i++)
                tokens[i] = rng_range(&r, 0, V - 1);
            pack_add(p, tokens, n, 3, rng_u64(&r));
            if (j && share)
                pack_share(p);
        }
        group_end[g] = p->n;
    }
}

/* What of a shard's gradient is added: y = x + y, rounded as its type is. */
static void add(char *y, const char *x, enum dtype t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (t == DT_F32) {
            float a, b;

            memcpy(&a, y + 4 * i, 4);
            memcpy(&b, x + 4 * i, 4);
            a = a + b;
            memcpy(y + 4 * i, &a, 4);
        } else {
            uint16_t a, b;

            memcpy(&a, y + 2 * i, 2);
            memcpy(&b, x + 2 * i, 2);
            a = canon_round_bf16(canon_widen_bf16(a) + canon_widen_bf16(b));
            memcpy(y + 2 * i, &a, 2);
        }
}

static char *download(struct made *x, const void *g)
{
    size_t bytes = model_params(x->m)->n_values * dtype_size(x->arm.grads);
    char *v = malloc(bytes);

    x->k->download(x->k, v, g, bytes);
    MUST(x->k->sync(x->k, &e));
    return v;
}

/* Each shard by a model that sees nothing else. */
static char *sum_of_shards(const struct config *c, const char *arm,
                           const float *flat, const struct job *like,
                           const int *end, int S, size_t micro)
{
    char *sum = NULL;

    for (int k = 0, from = 0; k < S; from = end[k++]) {
        struct job j = *like;
        char *g;

        if (from == end[k])
            continue;
        j.x = make_model(c, arm, flat, 1, MODEL_TRAIN);
        model_zero_grads(j.x.m);
        for (int a = from, b; a < end[k]; a = b) {
            b = pack_micro(j.p, a, end[k], micro);
            MUST(pass(&j, a, b, &e));
        }
        g = download(&j.x, model_grads(j.x.m));
        if (sum)
            add(sum, g, j.x.arm.grads, model_params(j.x.m)->n_values);
        else
            sum = malloc(model_params(j.x.m)->n_values *
                         dtype_size(j.x.arm.grads));
        if (from == 0)
            memcpy(sum, g,
                   model_params(j.x.m)->n_values * dtype_size(j.x.arm.grads));
        free(g);
        drop_model(&j.x);
    }
    return sum;
}

static void the_gradient_is_the_sum_of_the_shards(void)
{
    static const char *const arms[] = {
        "fp32",       "bf16-mixed",          "fp32,grads=bf16",
        "llmc-sr",    "fp32,dropout=0.2",    "fp32,order=shuffled:3",
        "fp16-mixed", "fp32,prefixes=apart",
    };
    static const struct {
        int S, groups;
        size_t micro;
    } cuts[] = {{2, 2, 4096}, {3, 7, 40}, {8, 7, 4096}, {20, 6, 30}, {5, 1, 9}};

    for (size_t i = 0; i < sizeof arms / sizeof *arms; i++)
        for (size_t n = 0; n < sizeof cuts / sizeof *cuts; n++) {
            struct config c = make_config(16, 2, 1, 40);
            int group_end[8], end[MAX_SHARDS], joined = 0;
            float *flat;
            char text[80], *want, *got;
            struct pack p = {0};
            struct job j = {.p = &p};
            struct gradient g;
            struct slices alone;
            struct gradient_work w = {pass, &j, cuts[n].micro};
            size_t bytes;

            c.tied = n % 2 == 0;
            flat = make_flat(&c, 5);
            snprintf(text, sizeof text, "%s,shards=%d", arms[i], cuts[n].S);
            j.x = make_model(&c, text, flat, 2, MODEL_TRAIN);
            fill(&p, group_end, cuts[n].groups, c.vocab, !j.x.arm.apart);
            j.logp = calloc(p.n_tokens, sizeof *j.logp);
            j.dlogp = malloc(p.n_tokens * sizeof *j.dlogp);
            for (size_t t = 0; t < p.n_tokens; t++)
                j.dlogp[t] = (float)((int)(t * 7 % 23) - 11) / 16;
            shards_cut(end, cuts[n].S, &p, 0, group_end, cuts[n].groups);
            slices_open(&alone, NULL, model_params(j.x.m), j.x.arm.grads);
            gradient_open(&g, j.x.m, j.x.k, &j.x.arm, &alone);
            for (int again = 0; again < 2; again++) /* nothing is left over */
                MUST(gradient_make(&g, &p, 0, end, &w, &e));
            got = download(&j.x, gradient_get(&g));
            for (int k = 0; k < cuts[n].S; k++)
                joined += end[k] != (k ? end[k - 1] : 0);
            T_EQ_INT(g.reduce.joined, joined);
            T_CHECK(joined <= cuts[n].groups && joined > 0);
            want = sum_of_shards(&c, arms[i], flat, &j, end, cuts[n].S,
                                 cuts[n].micro);
            bytes = model_params(j.x.m)->n_values * dtype_size(j.x.arm.grads);
            T_CHECKF(!memcmp(got, want, bytes), "%s: other bits", text);
            gradient_trim(&g);
            slices_close(&alone);
            drop_model(&j.x);
            free(j.logp), free(j.dlogp), free(flat), free(want), free(got);
            pack_free(&p);
        }
}

int main(void)
{
    T_RUN(shards_end_where_the_words_say);
    T_RUN(equal_shards_go_round_by_round);
    T_RUN(the_longest_shard_goes_to_who_had_least);
    T_RUN(deals_are_fair);
    T_RUN(the_gradient_is_the_sum_of_the_shards);
    T_DONE();
}
