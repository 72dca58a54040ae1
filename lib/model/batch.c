/* batch - a packed batch through the model: scoring and training forward */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/rng.h"
#include "impl.h"
#include "micro.h"
#include "temperature.h"

/* first[i] has been checked, and all before i. */
static int check_shared(const struct seqs *s, int i, struct err *e)
{
    const int32_t *t = s->start + i;
    int32_t most;

    if (!s->shared)
        return 0;
    most = s->first[i] < t[1] - t[0] ? t[1] - t[0] - 1 : 0;
    if (i)
        most = common_rows(s->tokens + t[-1], (size_t)(t[0] - t[-1]),
                           s->first[i - 1], s->tokens + t[0],
                           (size_t)(t[1] - t[0]), s->first[i]);
    if (s->shared[i] >= 0 && s->shared[i] <= most)
        return 0;
    return err_set(e, ERR_USAGE,
                   "sequence %d shares %d rows with the one "
                   "before it, and they have %d in common",
                   i, (int)s->shared[i], (int)most);
}

/* Rows of the last sequence that the next micro-batch has too. */
static int check_unfinished(const struct seqs *s, struct err *e)
{
    int32_t n, last;

    if (!s->shared || !s->n)
        return 0;
    n = s->start[s->n] - s->start[s->n - 1];
    last = s->shared[s->n];
    if (last >= 0 && last <= (s->first[s->n - 1] < n ? n - 1 : 0))
        return 0;
    return err_set(e, ERR_USAGE,
                   "%d rows go on after sequence %d of %d "
                   "tokens",
                   (int)last, s->n - 1, (int)n);
}

static int seqs_check(const struct model *m, const struct seqs *s,
                      struct err *e)
{
    if (s->n < 0 || (s->n && s->start[0] != 0))
        return err_set(e, ERR_USAGE, "sequences do not begin at token 0");
    for (int i = 0; i < s->n; i++) {
        int n = s->start[i + 1] - s->start[i];

        if (s->start[i + 1] <= s->start[i])
            return err_set(e, ERR_DATA, "sequence %d is empty", i);
        if (n > m->c.max_pos)
            return err_set(e, ERR_DATA,
                           "sequence %d has %d tokens, the "
                           "model's context is %d",
                           i, n, m->c.max_pos);
        if (s->first[i] < 1 || s->first[i] > n)
            return err_set(e, ERR_DATA,
                           "sequence %d of %d tokens is scored "
                           "from position %d",
                           i, n, (int)s->first[i]);
        if (check_shared(s, i, e))
            return -e->code;
        for (int t = s->start[i]; t < s->start[i + 1]; t++)
            if (s->tokens[t] < 0 || s->tokens[t] >= m->c.vocab)
                return err_set(e, ERR_DATA,
                               "sequence %d: token %d at "
                               "position %d is outside the vocabulary of %d",
                               i, (int)s->tokens[t], t - s->start[i],
                               m->c.vocab);
    }
    return check_unfinished(s, e);
}

int seqs_micro(const struct seqs *s, int i, int max_tokens)
{
    struct micro_batch b = {
        .max_tokens = (size_t)(max_tokens > 0 ? max_tokens : MICRO_TOKENS)};

    while (i < s->n &&
           micro_batch_take(&b, (size_t)(s->start[i + 1] - s->start[i]),
                            s->shared ? s->shared[i] : 0,
                            s->shared ? s->shared[i + 1] : 0))
        i++;
    return i;
}

/* Rows are those of the sequences, whole: dropout shares none. */
static void upload_row_ids(struct model *m, const struct seqs *s, int i, int j)
{
    const int32_t *start = m->seqs.start_host;
    const int32_t *back = m->host + m->a.rows.back_n;
    size_t T = (size_t)m->shape.T, R = (size_t)m->shape.R, r = 0, h = 0;
    uint64_t *heads;

    if (T + R > m->host_id_n) {
        m->host_id = xrealloc(m->host_id, T + R, sizeof *m->host_id);
        m->host_id_n = T + R;
    }
    heads = m->host_id + T;
    for (int q = 0; q < j - i; q++)
        for (int p = 0; p < start[q + 1] - start[q]; p++, r++) {
            m->host_id[r] = rng_mix(s->id ? s->id[i + q] : 0) + (uint64_t)p;
            if (m->shape.head_rows && back[r + 1] > back[r])
                heads[h++] = m->host_id[r];
        }
    m->k->upload(m->k, act(m, m->a.row_id), m->host_id, T * 8);
    m->k->upload(m->k, act(m, m->a.head_id), heads, h * 8);
    m->drop.row_id = act(m, m->a.row_id);
}

static void upload_layout(struct model *m)
{
    const struct layout *l = &m->a.rows;
    int32_t *v = model_host(m, l->n_host);

    layout_fill(l, &m->tree, &m->kept, m->shape, v);
    m->k->upload(m->k, act_ints(m, 0), v, 4 * l->n);
    m->summed = layout_summed(&m->tree, m->kept.summed);
    m->scores = v + l->scores;
    m->resumed_heads = v + l->resumed;
    m->seqs = (struct k_seqs){m->shape.S, act_ints(m, l->start), v + l->start,
                              m->shape.E ? v + l->from : NULL};
    m->head_seqs = m->seqs;
    m->head_seqs.from = v + l->from_heads;
}

static int longest(const struct seqs *s, int i, int j)
{
    int n = 0;

    for (; i < j; i++)
        if (s->start[i + 1] - s->start[i] > n)
            n = s->start[i + 1] - s->start[i];
    return n;
}

/* Sequences [i, j) of s into the arena and through the layers; head_n holds
 * the final hidden rows of the wanted tokens (of all rows when PASS_ALL). */
enum { PASS_KEEP = 1, PASS_ALL = 2 };
static int run(struct model *m, const struct seqs *s, int i, int j, int flags,
               struct err *e)
{
    int how = flags & PASS_ALL       ? TREE_ALL
              : !(flags & PASS_KEEP) ? TREE_SHARE
              : m->arm.apart         ? 0
                                     : TREE_SHARE | TREE_UNFINISHED;
    struct acts_shape shape;
    int r;

    tree_make(&m->tree, s, i, j, how);
    shape = layout_shape(&m->tree, &m->kept);
    if (shape.resumed != (how & TREE_UNFINISHED ? m->kept.rows : 0))
        return err_set(e, ERR_USAGE,
                       "a micro-batch does not go on from the "
                       "one before");
    if (flags & PASS_KEEP)
        shape.keep = m->flags & MODEL_RECOMPUTE ? KEEP_INPUTS : KEEP_ALL;
    r = model_rope(m, longest(s, i, j), e);
    if (!r)
        r = model_fit(m, shape, e);
    if (r || !shape.T)
        return r;
    upload_layout(m);
    if (m->drop.p > 0)
        upload_row_ids(m, s, i, j);
    r = model_layers(m, 0, e);
    if (!r && shape.R)
        head_norm(m, shape.R);
    return r;
}

static void clear(float *v, const struct seqs *s)
{
    if (v && s->n)
        memset(v, 0, sizeof *v * (size_t)s->start[s->n]);
}

/* Greedy sampling is scored at temperature 1. */
static float fp32_temperature(double t)
{
    return t > 0 ? (float)t : 1.0f;
}

static int begin_scoring(struct model *m, const struct seqs *s,
                         double temperature, struct err *e)
{
    int r = temperature_check((float)temperature, e);

    m->drop = (struct k_dropout){0};
    m->temperature = fp32_temperature(temperature);
    model_nonce(m, 0);
    return r ? r : seqs_check(m, s, e);
}

int model_logp(struct model *m, const struct seqs *s, double temperature,
               int max_tokens, float *logp, float *entropy, struct err *e)
{
    int r = begin_scoring(m, s, temperature, e);

    clear(logp, s);
    clear(entropy, s);
    for (int i = 0, j; !r && i < s->n; i = j) {
        size_t base = (size_t)s->start[i];

        j = seqs_micro(s, i, max_tokens);
        r = run(m, s, i, j, 0, e);
        if (!r)
            r = model_head(m, logp + base, entropy ? entropy + base : NULL, e);
    }
    return r;
}

int model_kl(struct model *a, struct model *b, const struct seqs *s,
             double temperature, int max_tokens, float *kl, struct err *e)
{
    struct kernels *k = a->k;
    int r = begin_scoring(a, s, temperature, e);

    if (!r)
        r = begin_scoring(b, s, temperature, e);
    if (!r && a->c.vocab != b->c.vocab)
        r = err_set(e, ERR_DATA, "the models have vocabularies of %d and %d",
                    a->c.vocab, b->c.vocab);
    clear(kl, s);
    for (int i = 0, j; !r && i < s->n; i = j) {
        float *v;
        int R;

        j = seqs_micro(s, i, max_tokens);
        r = run(a, s, i, j, 0, e);
        if (!r)
            r = run(b, s, i, j, 0, e);
        R = a->shape.R;
        if (r || !R)
            continue;
        r = b->k->sync(b->k, e);
        v = model_host_f(a, (size_t)R);
        k->head_kl(k, a->t, a->lt, b->t, b->lt, act(a, a->a.logp),
                   act(a, a->a.head_n), of_model(a, ROLE_HEAD)->w, a->c.hidden,
                   act(b, b->a.head_n), of_model(b, ROLE_HEAD)->w, b->c.hidden,
                   a->temperature, R, a->c.vocab);
        k->download(k, v, act(a, a->a.logp), 4 * (size_t)R);
        if (!r)
            r = k->sync(k, e);
        if (!r)
            head_spread(a, kl + s->start[i], v);
    }
    return r;
}

int model_logits(struct model *m, const struct seqs *s, float *logits,
                 struct err *e)
{
    struct kernels *k = m->k;
    size_t bytes;
    float *dev;
    int r = begin_scoring(m, s, 1, e);

    if (r || !s->n)
        return r;
    r = run(m, s, 0, s->n, PASS_ALL, e);
    if (r)
        return r;
    bytes = sizeof *logits * (size_t)m->shape.R * (size_t)m->c.vocab;
    dev = k->alloc(k, bytes, e);
    if (!dev)
        return -e->code;
    k->head_logits(k, m->t, m->lt, dev, act(m, m->a.head_n),
                   of_model(m, ROLE_HEAD)->w, m->shape.R, m->c.vocab,
                   m->c.hidden);
    k->download(k, logits, dev, bytes);
    r = k->sync(k, e);
    k->free(k, dev);
    return r;
}

/* ---- training ---- */

int model_forward(struct model *m, const struct seqs *s, double temperature,
                  uint64_t dropout_seed, uint32_t step, float *logp,
                  float *entropy, struct err *e)
{
    int r = begin_scoring(m, s, temperature, e);

    if (!(m->flags & MODEL_TRAIN))
        return err_set(e, ERR_USAGE, "the model was not opened to train");
    clear(logp, s);
    clear(entropy, s);
    if (r || !s->n)
        return r;
    model_nonce(m, (uint64_t)step + 1);
    m->drop = (struct k_dropout){
        .p = (float)m->arm.dropout, .seed = dropout_seed, .step = step};
    r = model_need_grads(m, e);
    if (!r)
        r = run(m, s, 0, s->n, PASS_KEEP, e);
    return r ? r : model_head(m, logp, entropy, e);
}
