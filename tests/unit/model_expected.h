/* model_expected - a model directory beside stored outputs of transformers and
 * torch autograd (expected.safetensors of the scripts in tests/golden) */
#ifndef ULP_MODEL_EXPECTED_H
#define ULP_MODEL_EXPECTED_H
#include "model_make.h"
#include "model_oracle.h"
#include "../../lib/base/hash.h"

/* transformers computes norms, rotary angles and softmax in fp32 too: each
 * side carries a few 1e-7, summed over 300 positions */
#define REL 1e-5

static const struct st_tensor *get(const struct st_file *f, const char *name)
{
    const struct st_tensor *t = st_find(f, name);

    if (!t) {
        printf("not ok fixture: no tensor %s\n", name);
        exit(1);
    }
    return t;
}

static const float *floats(const struct st_file *f, const char *name)
{
    return get(f, name)->data;
}

static void widen_to(double *d, const float *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d[i] = (double)s[i];
}

struct fixture {
    struct st_file *f;
    struct kernels *k;
    struct model *m;
    struct arm arm;
    struct batch b;
    int n;
};

static void open_fixture(struct fixture *x, const char *dir)
{
    char path[240];
    const float *v;

    snprintf(path, sizeof path, "%s/expected.safetensors", dir);
    memset(x, 0, sizeof *x);
    MUST(st_open(&x->f, path, &e));
    MUST(arm_parse(&x->arm, "fp32", &e));
    MUST(kernels_open(&x->k, "cpu", 2, x->arm.order.k, &e));
    MUST(model_open_dir(&x->m, dir, &x->arm, x->k, MODEL_TRAIN, NULL, &e));
    x->n = (int)get(x->f, "tokens")->n;
    x->b.tokens = malloc((size_t)x->n * sizeof *x->b.tokens);
    v = floats(x->f, "tokens");
    for (int i = 0; i < x->n; i++)
        x->b.tokens[i] = (int32_t)v[i];
    x->b.s.n = (int)get(x->f, "first")->n;
    for (int i = 0; i < x->b.s.n; i++) {
        x->b.start[i + 1] = (int32_t)floats(x->f, "start")[i + 1];
        x->b.first[i] = (int32_t)floats(x->f, "first")[i];
    }
    x->b.s = (struct seqs){x->b.s.n,   x->b.start, x->b.tokens,
                           x->b.first, NULL,       NULL};
}

static void close_fixture(struct fixture *x)
{
    free(x->b.tokens);
    MUST(st_close(&x->f, 0, &e));
    model_close(&x->m);
    kernels_close(&x->k);
}

static void compare(const char *dir)
{
    struct fixture x;
    size_t n, V;
    float *logits, *logp, *g;
    double *want;
    const struct params *p;

    open_fixture(&x, dir);
    n = (size_t)x.n;
    V = (size_t)model_config(x.m)->vocab;
    p = model_params(x.m);
    logits = malloc(n * V * sizeof *logits);
    logp = malloc(n * sizeof *logp);
    g = malloc(p->n_values * sizeof *g);
    want = malloc((p->n_values + n) * sizeof *want);
    MUST(model_logits(x.m, &x.b.s, logits, &e));
    for (int i = 0; i < x.b.s.n; i++) {
        char key[32];
        const struct st_tensor *t;

        snprintf(key, sizeof key, "logits_%d", i);
        t = get(x.f, key);
        widen_to(want, t->data, t->n);
        T_CHECKF(
            rel_norm(logits + (size_t)x.b.start[i + 1] * V - t->n, want, t->n) <
                REL,
            "logits of sequence %d are off by %g", i,
            rel_norm(logits + (size_t)x.b.start[i + 1] * V - t->n, want, t->n));
    }
    MUST(model_forward(x.m, &x.b.s, 1, 0, 0, logp, NULL, &e));
    widen_to(want, floats(x.f, "logp"), n);
    T_CHECKF(rel_norm(logp, want, n) < REL, "logp is off by %g",
             rel_norm(logp, want, n));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)logp[i] - want[i]) < 1e-5))
            T_CHECKF(0, "logp of token %zu is %g, expected %g", i,
                     (double)logp[i], want[i]);
    MUST(model_backward(x.m, floats(x.f, "weight"), &e));
    x.k->download(x.k, g, model_grads(x.m), p->n_values * 4);
    for (int i = 0; i < p->n; i++) {
        char key[128];
        const struct param *q = &p->v[i];

        snprintf(key, sizeof key, "grad.%s", q->name);
        widen_to(want, floats(x.f, key), q->n);
        T_CHECKF(rel_norm(g + q->offset, want, q->n) < REL,
                 "%s: gradient is off by %g", q->name,
                 rel_norm(g + q->offset, want, q->n));
    }
    free(logits);
    free(logp);
    free(g);
    free(want);
    close_fixture(&x);
}

/* DIR's model, written in bf16: its config.json is the file `config`, its
 * tensors have that hash, and what is read again is what was written. With
 * KEEP_WRITTEN=TOP it becomes TOP/NAME instead of being compared. */
static void written(const char *dir, const char *config, const char *sha)
{
    char tmp[] = "/tmp/ulp-written.XXXXXX", path[60], cmd[400], hex[33];
    const char *name = strrchr(dir, '/') + 1;
    struct config c, d;
    struct params p;
    uint16_t *w;

    if (!mkdtemp(tmp))
        abort();
    MUST(config_read(&c, dir, &e));
    MUST(params_list(&p, &c, &e));
    w = malloc(2 * p.n_values);
    make_read(dir, &p, DT_BF16, w);
    MUST(model_save(tmp, &c, w, DT_BF16, &e));
    c.file_dtype = DT_BF16;
    MUST(config_read(&d, tmp, &e));
    T_CHECKF(!memcmp(&c, &d, sizeof c), "%s", dir);
    snprintf(path, sizeof path, "%s/model.safetensors", tmp);
    MUST(hash_file_hex128(path, hex, &e));
    T_EQ_STR(hex, sha);
    if (getenv("KEEP_WRITTEN"))
        snprintf(cmd, sizeof cmd,
                 "rm -rf $KEEP_WRITTEN/%s && mv %s $KEEP_WRITTEN/%s", name, tmp,
                 name);
    else
        snprintf(cmd, sizeof cmd, "cmp %s/config.json %s && rm -r %s", tmp,
                 config, tmp);
    T_EQ_INT(system(cmd), 0);
    free(w);
    params_free(&p);
}

#endif
