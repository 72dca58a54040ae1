/* generate - batched generation by a whole model: the prefill against the
 * bf16 rate; decoding against the bytes that must move, the weights once a
 * token and the keys and values of every sequence */
#include <stdlib.h>
#include <string.h>
#include "../../../lib/generate/gen.h"
#include "models.h"

struct batch {
    struct model *m;
    struct gen_opts o;
    int n, n_prompt;
    int32_t *prompts;
    int asked, n_tokens;
};

static int next(void *ctx, struct gen_req *q, struct err *e)
{
    struct batch *s = ctx;

    (void)e;
    if (s->asked == s->n)
        return 0;
    *q = (struct gen_req){.prompt = s->prompts + (size_t)s->asked *
                                                    (size_t)s->n_prompt,
                          .n_prompt = s->n_prompt,
                          .id_hash = (uint64_t)s->asked};
    s->asked++;
    return 1;
}

static int done(void *ctx, const struct gen_res *res, struct err *e)
{
    struct batch *s = ctx;

    (void)e;
    s->n_tokens += res->n;
    return 0;
}

static int generate(void *ctx, struct err *e)
{
    struct batch *s = ctx;
    struct gen_io io = {next, done, s, 0, NULL};

    s->asked = s->n_tokens = 0;
    return gen_run(s->m, &s->o, &io, e);
}

/* Decoding's seconds are those of n_new tokens less those of one. */
static void measure(struct bench *b, const char *size, struct batch *s,
                    const struct config *c, int n_new)
{
    double kv = 4.0 * c->layers * c->kv_heads * c->head_dim;
    struct row r = {.unit = ROOF_BF16};
    struct timing first, all;
    struct err e = {0};
    char name[48];
    int keys = 0;

    snprintf(name, sizeof name, "%s prefill", size);
    snprintf(r.shape, sizeof r.shape, "%d x %d tokens", s->n, s->n_prompt);
    r.what = name;
    r.flops = models_flops(c, s->n, s->n_prompt, 0) +
              2.0 * s->n * c->vocab * (double)c->hidden;
    r.items = (double)s->n * s->n_prompt;
    s->o.max_new = 1;
    if (bench_measure(b, b->k, &r, generate, s, &first))
        return;
    s->o.max_new = n_new;
    snprintf(name, sizeof name, "%s decode", size);
    snprintf(r.shape, sizeof r.shape, "batch %d, %d after %d", s->n,
             n_new - 1, s->n_prompt);
    for (int i = 1; i < n_new; i++)
        keys += s->n_prompt + i;
    r.unit = ROOF_COPY;
    r.target = 0.6;
    r.flops = (n_new - 1.0) * s->n * 2 * models_matrices(c);
    r.bytes = (n_new - 1.0) * 2 * models_matrices(c) + keys * kv * s->n;
    r.items = (n_new - 1.0) * s->n;
    if (bench_time(b, b->k, generate, s, &all, &e)) {
        bench_failed(b, &r, &e);
        return;
    }
    if (s->n_tokens != s->n * n_new) {
        err_set(&e, ERR_DATA, "%d tokens came, not %d", s->n_tokens,
                s->n * n_new);
        bench_failed(b, &r, &e);
        return;
    }
    all.spread = all.spread * all.s / (all.s - first.s);
    all.s -= first.s;
    bench_row(b, &r, &all);
}

static int open_batch(struct bench *b, struct batch *s,
                      const struct config *c, struct err *e)
{
    struct arm a;
    void *flat;
    int r = arm_parse(&a, "bf16,order=hardware,dropout=0", e);

    if (!r)
        r = model_open(&s->m, c, &a, b->k, 0, e);
    if (r)
        return r;
    flat = models_weights(model_params(s->m), DT_BF16, e);
    r = flat ? model_set_host(s->m, flat, DT_BF16, e) : -e->code;
    free(flat);
    return r;
}

void bench_generate(struct bench *b, const char *size)
{
    static const int sizes[] = {64, 128, 256, 512};
    struct config c;
    struct err e = {0};
    struct batch s = {.n_prompt = bench_size(b, 512, 7)};
    int most = bench_size(b, 512, 4), n_new = bench_size(b, 257, 4);

    if (!bench_config(b, size, &c))
        return;
    s.prompts = calloc((size_t)most * (size_t)s.n_prompt, sizeof *s.prompts);
    if (!s.prompts)
        abort();
    for (int i = 0; i < most * s.n_prompt; i++)
        s.prompts[i] = (int32_t)((unsigned)i * 2654435761u >> 7) % c.vocab;
    s.o = (struct gen_opts){.sample = {1, 1, 0}, .seed = 1};
    if (open_batch(b, &s, &c, &e)) {
        bench_failed(b, &(struct row){.what = size}, &e);
    } else {
        for (int i = 0; i < 4; i++) {
            if (strcmp(size, "1.5b") && sizes[i] != 64 && sizes[i] != 256)
                continue;
            s.n = s.o.batch = bench_size(b, sizes[i], 1 + i);
            measure(b, size, &s, &c, n_new);
        }
    }
    model_close(&s.m);
    free(s.prompts);
}
