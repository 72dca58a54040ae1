/* model_half_grads - grads=bf16: micro-batches accumulate as torch's do
 *
 * What torch does with a bf16 parameter: .grad is the first micro-batch's
 * gradient; each further one is added and the sum rounded. Both uses of a tied
 * embedding meet, rounded, before that. Here each micro-batch's gradient comes
 * from a model with fp32 gradients that sees it alone; a tied embedding's two
 * parts from an untied model with the same weights.
 */
#include "../../kernels/canon.h"
#include "model_make.h"
#include "model_gradients.h"

static const int lengths[] = {7, 1, 33, 12, 2, 17, 40, 5};
enum { N_SEQS = 8, PER = 3, PARTS = 3 };

static float rounded(float x)
{
    return canon_widen_bf16(canon_round_bf16(x));
}

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

static void accumulation_is_torchs(void)
{
    for (int tied = 0; tied < 2; tied++) {
        struct config u = make_config(48, 4, 2, 97), c = u;
        struct batch *b = make_batch(lengths, N_SEQS, c.vocab, 6);
        size_t E = (size_t)c.vocab * (size_t)c.hidden, n, differ = 0;
        float *flat, *dlogp = make_weights(b->n_tokens), *part[PARTS];
        struct made x;
        float *logp = malloc(sizeof *logp * (size_t)b->n_tokens);
        uint16_t *got;

        u.tied = 0;
        c.tied = tied;
        flat = make_flat(&u, 5);
        x = make_model(&c, "fp32,grads=bf16", flat, 2, MODEL_TRAIN);
        n = model_params(x.m)->n_values;
        if (tied) /* the head, which is last, is the embedding */
            memcpy(flat + n, flat, E * sizeof *flat);
        alone(&u, flat, b, dlogp, part);
        model_zero_grads(x.m);
        for (int i = 0; i < N_SEQS; i += PER) {
            int32_t start[65];
            struct seqs s = view(b, i, i + PER < N_SEQS ? i + PER : N_SEQS,
                                 start);

            MUST(model_forward(x.m, &s, 1, 11, 3, logp, NULL, &e));
            MUST(model_backward(x.m, dlogp + b->start[i], &e));
        }
        got = malloc(n * sizeof *got);
        x.k->download(x.k, got, model_grads(x.m), n * sizeof *got);
        MUST(x.k->sync(x.k, &e));
        for (size_t i = 0; i < n; i++) {
            float sum = 0;

            for (int p = 0; p < PARTS; p++) {
                float g = rounded(part[p][i]);

                if (tied && i < E)
                    g = rounded(rounded(part[p][n + i]) + g);
                sum = p ? rounded(sum + g) : g;
            }
            differ += canon_round_bf16(sum) != got[i];
        }
        T_CHECKF(!differ, "%s: %zu of %zu values differ",
                 tied ? "tied" : "untied", differ, n);
        for (int p = 0; p < PARTS; p++)
            free(part[p]);
        free(got), free(logp), free(dlogp), free(flat);
        drop_batch(b);
        drop_model(&x);
    }
}

int main(void)
{
    T_RUN(accumulation_is_torchs);
    T_DONE();
}
