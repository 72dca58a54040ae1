/* model_half_grads - grads=bf16: micro-batches accumulate as torch's do
 *
 * What torch does with a bf16 parameter: .grad is the first micro-batch's
 * gradient; each further one is added and the sum rounded. Both uses of a tied
 * embedding meet, rounded, before that. Here each micro-batch's gradient comes
 * from a model with fp32 gradients that sees it alone; a tied embedding's two
 * parts from an untied model with the same weights. torch_accumulate.h has
 * hashes of what autograd makes of them. --dump DIR writes them for
 * make_torch_accumulate.py.
 */
#include "../../kernels/canon.h"
#include "../golden/train/torch_accumulate.h"
#include "model_make.h"
#include "model_gradients.h"
#include "torch_values.h"

static const int lengths[] = {7, 1, 33, 12, 2, 17, 40, 5};
enum { N_SEQS = 8, PER = 3, PARTS = 3 };

/* The fp32 gradients of each micro-batch alone. */
static void alone(const struct config *c, const float *flat,
                  const struct batch *b, const float *dlogp, float *g[PARTS])
{
    struct made x = make_model(c, "fp32,prefixes=apart", flat, 2, MODEL_TRAIN);
    float *logp = malloc(sizeof *logp * (size_t)b->n_tokens);

    for (int p = 0, i = 0; p < PARTS; p++, i += PER) {
        int32_t start[65];
        struct seqs s = view(b, i, i + PER < N_SEQS ? i + PER : N_SEQS, start);

        model_zero_grads(x.m);
        MUST(model_forward(x.m, &s, 1, 11, 3, logp, NULL, &e));
        MUST(model_backward(x.m, dlogp + b->start[i], &e));
        g[p] = gradients(&x);
    }
    free(logp);
    drop_model(&x);
}

/* The test's model, and the same with its head apart. */
struct job {
    struct config c, untied;
    struct batch *b;
    float *flat, *dlogp, *part[PARTS];
    size_t n, E; /* values of the model, and of an embedding */
};

static struct job begin(int tied)
{
    struct job j = {.untied = make_config(48, 4, 2, 97)};
    struct params p;

    j.c = j.untied;
    j.c.tied = tied;
    j.E = (size_t)j.c.vocab * (size_t)j.c.hidden;
    j.b = make_batch(lengths, N_SEQS, j.c.vocab, 6);
    j.dlogp = make_weights(j.b->n_tokens);
    j.flat = make_flat(&j.untied, 5);
    MUST(params_list(&p, &j.c, &e));
    j.n = p.n_values;
    params_free(&p);
    if (tied) /* the head, which is last, is the embedding */
        memcpy(j.flat + j.n, j.flat, j.E * sizeof *j.flat);
    alone(&j.untied, j.flat, j.b, j.dlogp, j.part);
    return j;
}

static void end(struct job *j)
{
    for (int p = 0; p < PARTS; p++)
        free(j->part[p]);
    free(j->flat), free(j->dlogp);
    drop_batch(j->b);
}

static size_t part_values(const struct job *j)
{
    return j->n + (j->c.tied ? j->E : 0);
}

/* The bf16 gradients after all micro-batches. */
static uint16_t *accumulated(struct job *j)
{
    struct made x = make_model(&j->c, "fp32,grads=bf16", j->flat, 2,
                               MODEL_TRAIN);
    uint16_t *got = malloc(j->n * sizeof *got);

    pass_in(&x, j->b, j->dlogp, PER);
    x.k->download(x.k, got, model_grads(x.m), j->n * sizeof *got);
    MUST(x.k->sync(x.k, &e));
    drop_model(&x);
    return got;
}

static void accumulation_is_torchs(void)
{
    for (int tied = 0; tied < 2; tied++) {
        struct job j = begin(tied);
        uint16_t *got = accumulated(&j);
        uint64_t input = FNV;

        for (int p = 0; p < PARTS; p++)
            input = fnv(input, j.part[p], DT_F32, (int)part_values(&j));
        T_CHECKF(torch_accumulate[tied].input == input,
                 "%s: torch was given other gradients",
                 tied ? "tied" : "untied");
        T_CHECKF(torch_accumulate[tied].grad ==
                     fnv(FNV, got, DT_BF16, (int)j.n),
                 "%s: other bits than torch's", tied ? "tied" : "untied");
        free(got);
        end(&j);
    }
}

static int dump(const char *dir)
{
    for (int tied = 0; tied < 2; tied++) {
        struct job j = begin(tied);
        int32_t head[3] = {(int32_t)j.n, (int32_t)j.E, PARTS};
        char path[4096];
        FILE *f;

        snprintf(path, sizeof path, "%s/%d", dir, tied);
        f = fopen(path, "wb");
        if (!f || fwrite(head, sizeof head, 1, f) != 1)
            return 1;
        for (int p = 0; p < PARTS; p++)
            if (fwrite(j.part[p], 4 * part_values(&j), 1, f) != 1)
                return 1;
        if (fclose(f))
            return 1;
        end(&j);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "--dump"))
        return dump(argv[2]);
    T_RUN(accumulation_is_torchs);
    T_DONE();
}
