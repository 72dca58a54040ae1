/* round_rig - a sampler in a thread, its trainer in this one: two rounds over
 * FIFOs, and what the sampler's backend holds when the last record of a round
 * has come */
#ifndef ULP_ROUND_RIG_H
#define ULP_ROUND_RIG_H
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../lib/base/hash.h"
#include "../../lib/train/pretrain.h"
#include "../../lib/generate/sampler.h"
#include "../../lib/generate/sync.h"
#include "t.h"

enum { ROUND_PROMPTS = 3, ROUND_SAMPLES = 2, ROUNDS = 2 };

struct round_rig {
    struct engine x;
    struct sampler_opts o;
    struct filter f;
    char in[512], out[512], fifo[512];
    char *inputs[1];
    int failed;
    struct err e;
    uint64_t drawn; /* a hash of tokens and log-probabilities, in order */
};

static inline void round_path(char path[512], const char *name)
{
    const char *dir = getenv("T");

    snprintf(path, 512, "%.450s/%s", dir ? dir : "/tmp", name);
    unlink(path);
}

static inline void *round_sample(void *ctx)
{
    struct round_rig *t = ctx;

    t->failed = filter_open(&t->f, "rollout", "rollouts", t->inputs, 1,
                            &t->e) ||
                sampler_run(&t->x, &t->o, &t->f, &t->e) ||
                filter_close(&t->f, &t->e);
    if (t->failed)
        filter_abort(&t->f);
    return NULL;
}

static inline void round_open(struct round_rig *t, struct kernels *k,
                              const struct config *c, int release, int offload)
{
    struct err e = {0};
    const struct params *p;
    float *w;
    FILE *f;

    memset(t, 0, sizeof *t);
    round_path(t->in, "prompts.jsonl");
    round_path(t->out, "records");
    round_path(t->fifo, "sync");
    f = fopen(t->in, "w");
    for (int i = 0; f && i < ROUNDS * ROUND_PROMPTS; i++)
        fprintf(f, "{\"id\":\"%d\",\"prompt_tokens\":[%d,2,3,4]}\n", i, i);
    if (!f || fclose(f) || mkfifo(t->out, 0600) || mkfifo(t->fifo, 0600) ||
        arm_parse(&t->x.arm, "fp32", &e) ||
        model_open(&t->x.m, c, &t->x.arm, k, offload ? MODEL_PARK : 0, &e)) {
        t_fail(__FILE__, __LINE__, "%s", e.msg);
        exit(1);
    }
    t->x.k = k;
    p = model_params(t->x.m);
    w = calloc(p->n_values, sizeof *w);
    pretrain_init(w, p, c, 0.3, 1);
    T_EQ_INT(model_set_host(t->x.m, w, DT_F32, &e), 0);
    free(w);
    t->inputs[0] = t->in;
    t->f = (struct filter){.out = t->out, .quiet = 1};
    t->o = (struct sampler_opts){.all = {.samples = ROUND_SAMPLES,
                                         .max_new = 12,
                                         .temperature = 1,
                                         .top_p = 1},
                                 .batch = 4,
                                 .seed = 1,
                                 .step = -1,
                                 .fifo = t->fifo,
                                 .release = release,
                                 .offload = offload};
}

static inline void round_add(struct round_rig *t, struct rec *rec)
{
    struct rec_i32s tokens;
    struct rec_f32s logp;
    uint64_t h[3] = {t->drawn, 0, 0};
    struct err e = {0};

    T_EQ_INT(rec_need_i32s(rec, "response_tokens", &tokens, &e), 0);
    T_EQ_INT(rec_need_f32s(rec, "response_logprobs", &logp, &e), 0);
    h[1] = hash_bytes(tokens.v, tokens.n * sizeof *tokens.v);
    h[2] = hash_bytes(logp.v, logp.n * sizeof *logp.v);
    t->drawn = hash_bytes(h, sizeof h);
}

/* now[i], most[i]: bytes held after round i's last record, and so far. */
static inline void round_run(struct round_rig *t, size_t now[ROUNDS],
                             size_t most[ROUNDS])
{
    struct rec_reader *in = NULL;
    struct sync *s = NULL;
    struct k_memory m;
    struct rec *rec;
    struct err e = {0};
    pthread_t sampler;
    /* the sampler's open waits for a reader, rec_open for its header */
    int r, held = open(t->out, O_RDONLY | O_NONBLOCK);

    pthread_create(&sampler, NULL, round_sample, t);
    r = sync_open(&s, t->fifo, 1, &e);
    for (int i = 0; i < ROUNDS && !r; i++) {
        r = sync_send_go(s, (uint32_t)i, ROUND_PROMPTS, &e);
        if (!r && !in)
            r = rec_open(&in, t->out, &e);
        for (int n = 0; n < ROUND_PROMPTS * ROUND_SAMPLES && !r; n++) {
            r = rec_read(in, &rec, &e) - 1;
            if (!r)
                round_add(t, rec);
        }
        t->x.k->memory(t->x.k, &m);
        now[i] = m.now;
        most[i] = m.peak;
    }
    close(held);
    if (r) {
        t_fail(__FILE__, __LINE__, "%s", e.msg);
        exit(1);
    }
    T_EQ_INT(sync_send_end(s, &e), 0);
    T_EQ_INT(rec_read(in, &rec, &e), 0);
    pthread_join(sampler, NULL);
    T_CHECKF(!t->failed, "%s", t->e.msg);
    rec_close(&in);
    sync_close(&s);
}

static inline void round_close(struct round_rig *t)
{
    model_close(&t->x.m);
    unlink(t->in);
    unlink(t->out);
    unlink(t->fifo);
}

#endif
