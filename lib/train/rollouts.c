/* rollouts - checked groups out of record streams */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/hash.h"
#include "key.h"
#include "rollouts.h"
#include "sample.h"

enum { MOST_KEPT = 4 << 20 }; /* bytes of records that wait to be written */

/* A record as it came, and what it gets when it is written. */
struct kept {
    size_t end; /* of its bytes */
    int trained_on;
    double adv;
    int64_t skipped; /* 0: none */
};

int rollouts_open(struct rollouts *s, const struct batch_opts *o, char **paths,
                  int n_paths, const char *keep, int live, int64_t position,
                  struct saved *saved, struct err *e)
{
    int r;

    static char dash[] = "-";
    static char *stdin_only[] = {dash};

    memset(s, 0, sizeof *s);
    s->o = o;
    s->paths = n_paths ? paths : stdin_only;
    s->n_paths = n_paths ? n_paths : 1;
    s->live = live;
    s->keep = keep;
    s->position = position;
    s->drawn = -1;
    s->seed_of = -1;
    /* opened at the first read: a live stream's header comes only after the
     * sampler was told to go */
    s->saved = saved;
    r = keep ? rec_create(&s->w, keep, REC_MSGPACK, e) : 0;
    if (!r && keep)
        r = saved_take_over(saved, SAVED_ROLLOUTS, s->w, e);
    s->header_kept = r > 0;
    return r < 0 ? r : 0;
}

/* 1: *rec; 0: all inputs ended. */
static int next_record(struct rollouts *s, struct rec **rec, struct err *e)
{
    int r = 0;

    *rec = s->held;
    s->held = NULL;
    if (*rec)
        return 1;
    while (s->in || s->at < s->n_paths) {
        if (!s->in) {
            r = rec_open(&s->in, s->paths[s->at++], e);
            if (r)
                return r;
            if (s->w && s->at == 1 && !s->header_kept)
                r = rec_header(s->w, "rollouts", "dapo-step", s->in, e);
            if (r)
                return r;
        }
        r = rec_read(s->in, rec, e);
        if (r)
            return r;
        rec_close(&s->in);
    }
    return 0;
}

/* The input read last, for messages. */
static const char *name_of(const struct rollouts *s)
{
    const char *name = s->paths[s->at ? s->at - 1 : 0];

    return strcmp(name, "-") ? name : "stdin";
}

/* What a replay has beyond the steps that were wanted. */
static int check_rest(const struct rollouts *s, struct rec *rec, int64_t step,
                      struct err *e)
{
    int64_t found;
    int r = rec_get_i64(rec, "step", &found, e);

    if (s->live)
        return rec_bad(rec, e, "a rollout after the last step");
    if (r < 0 || s->o->off_policy)
        return r < 0 ? r : 0;
    return r && found < step
               ? rec_bad(rec, e,
                         "step: found %lld again, expected %lld or "
                         "more",
                         (long long)found, (long long)step)
               : 0;
}

/* What cannot be written is said here, while the record's place is known. */
static int keep(struct rollouts *s, const struct rec *rec, struct err *e)
{
    int r = rec_finite(rec, e);

    if (r)
        return r;
    s->kept = xrealloc(s->kept, s->n_kept + 1, sizeof *s->kept);
    rec_pack(rec, &s->bytes);
    s->kept[s->n_kept++] = (struct kept){.end = s->bytes.n};
    return 0;
}

static int write_kept(struct rollouts *s, struct rec *rec, size_t i,
                      struct err *e)
{
    const struct kept *k = &s->kept[i];
    size_t at = i ? k[-1].end : 0;
    int r = rec_parse(rec, s->bytes.p + at, k->end - at, e);

    if (r)
        return r;
    if (k->trained_on)
        rec_set_f64(rec, "advantage", k->adv);
    else
        rec_unset(rec, "advantage");
    if (k->skipped)
        rec_set_i64(rec, "skipped", k->skipped);
    r = rec_write(s->w, rec, e);
    return r ? r : saved_add(s->saved, SAVED_ROLLOUTS, rec, s->in, e);
}

int rollouts_write(struct rollouts *s, struct err *e)
{
    struct rec *rec;
    int r = 0;

    if (!s->n_kept)
        return 0;
    rec = rec_new();
    for (size_t i = 0; i < s->n_kept && !r; i++)
        r = write_kept(s, rec, i, e);
    rec_free(&rec);
    s->n_kept = s->bytes.n = 0;
    return r;
}

int rollouts_finish(struct rollouts *s, int64_t step, struct err *e)
{
    struct rec *rec;
    int r;

    /* to the end, so that truncated input is noticed */
    while ((r = next_record(s, &rec, e)) > 0) {
        r = check_rest(s, rec, step, e);
        if (r)
            return r;
    }
    if (r < 0)
        return r;
    r = rollouts_write(s, e);
    return r || !s->w ? r : rec_commit(&s->w, e);
}

void rollouts_close(struct rollouts *s)
{
    free(s->kept);
    buf_free(&s->bytes);
    rec_close(&s->in);
    rec_abort(&s->w);
    once_free(&s->ids);
}

/* ---- is it of this run and step? -------------------------------------- */

/* 1: of this step (or of none); 0: of a later one. */
static int check_step(struct rec *rec, int64_t step, int live, struct err *e)
{
    int64_t found = step;
    int r = rec_get_i64(rec, "step", &found, e);

    if (r < 0)
        return r;
    if (found > step && !live)
        return 0;
    if (found != step)
        return rec_bad(rec, e, "step: found %lld, expected %lld",
                       (long long)found, (long long)step);
    return 1;
}

static int check_policy(struct rec *rec, const char *policy, struct err *e)
{
    struct rec_str s;
    int r = rec_get_str(rec, "policy", &s, e);

    if (r < 0)
        return r;
    if (!r)
        return rec_bad(rec, e,
                       "policy: found none, expected %s, the digest "
                       "of the weights here (--off-policy takes it)",
                       policy);
    if (s.n != strlen(policy) || memcmp(s.s, policy, s.n))
        return rec_bad(rec, e,
                       "policy: sampled from %s, the weights here "
                       "are %s (--off-policy takes it)",
                       s.s, policy);
    return 0;
}

/* All rollouts of a step come from one sampler. */
static int check_seed(struct rollouts *s, struct rec *rec, int64_t step,
                      struct err *e)
{
    uint64_t seed;
    int r = rec_get_u64(rec, "seed", &seed, e);

    if (r <= 0)
        return r;
    if (s->seed_of == step && seed != s->seed)
        return rec_bad(rec, e,
                       "seed: found %llu, expected %llu as before in "
                       "step %lld (--off-policy takes it)",
                       (unsigned long long)seed, (unsigned long long)s->seed,
                       (long long)step);
    s->seed_of = step;
    s->seed = seed;
    return 0;
}

/* Prompts that a filter left out (--skip-bad) before this group: a live run
 * takes what comes, and keeps the number for its replay. */
static int get_skipped(const struct rollouts *s, struct rec *rec,
                       const struct key *k, int64_t *n, struct err *e)
{
    int r;

    if (s->live) {
        *n = s->drawn && k->position > s->position ? k->position - s->position
                                                   : 0;
        return 0;
    }
    r = rec_get_i64(rec, "skipped", n, e);
    if (r == 0)
        *n = 0;
    return r > 0 && (*n < 1 || !s->drawn)
               ? rec_bad(rec, e,
                         "skipped: found %lld, expected a position and "
                         "1 or more",
                         (long long)*n)
           : r < 0 ? r
                   : 0;
}

/* The place of a group in the order that `draw` gave. */
static int check_place(struct rollouts *s, struct rec *rec, const struct key *k,
                       int64_t *skipped, struct err *e)
{
    uint64_t id = hash_bytes(k->id, strlen(k->id));
    int r;

    if (s->drawn < 0)
        s->drawn = k->position >= 0;
    if (s->drawn && k->position < 0)
        return rec_bad(rec, e, "position: found none, expected %lld",
                       (long long)s->position);
    if (s->drawn != (k->position >= 0))
        return rec_bad(rec, e, "position: found %lld, expected none as before",
                       (long long)k->position);
    r = get_skipped(s, rec, k, skipped, e);
    if (r)
        return r;
    if (s->drawn && k->position - *skipped == s->position)
        s->position = k->position;
    if (s->drawn && k->position != s->position)
        return rec_bad(rec, e,
                       "position: found %lld, expected %lld, the next "
                       "prompt of this run (draw --resume begins there; "
                       "--off-policy takes any)",
                       (long long)k->position, (long long)s->position);
    s->position++;
    if (k->epoch >= 0 && k->epoch < s->epoch)
        return rec_bad(rec, e,
                       "epoch: found %lld, expected %lld or more as "
                       "before",
                       (long long)k->epoch, (long long)s->epoch);
    s->epoch = k->epoch;
    if (k->epoch >= 0 &&
        once_add(&s->ids, id + 0x9E3779B97F4A7C15u * (uint64_t)k->epoch))
        return rec_bad(rec, e,
                       "id: found %s in epoch %lld a second time, "
                       "expected a prompt once in each epoch",
                       k->id, (long long)k->epoch);
    return 0;
}

/* ---- groups ------------------------------------------------------------ */

static int read_sample(struct rollouts *s, struct rec *rec, int64_t step,
                       const char *policy, int i, struct key *first,
                       struct group *g, struct err *e)
{
    struct sample *out = &g->v[i];
    struct key own = {0}, *k = i ? &own : first;
    int strict = !s->o->off_policy;
    int r = key_read(rec, k, e);

    if (!r)
        r = key_check(rec, i, k, first, e);
    if (!r && strict && i == 0)
        r = check_place(s, rec, k, &g->skipped, e);
    if (!r && strict)
        r = check_policy(rec, policy, e);
    if (!r && strict)
        r = check_seed(s, rec, step, e);
    if (!r)
        r = sample_read(rec, s->o, out, e);
    if (!r)
        r = key_check_prompt(rec, out, &g->v[0], e);
    if (!r) {
        out->id = key_sample_id(k, i);
        out->input = name_of(s);
        out->record = rec_count(s->in);
        if (s->w)
            r = keep(s, rec, e);
    }
    key_free(&own);
    return r;
}

int rollouts_group(struct rollouts *s, int64_t step, const char *policy,
                   struct group *g, struct err *e)
{
    struct key key = {0};
    struct rec *rec;
    int r = 1;

    g->n = s->o->samples;
    g->v = xcalloc((size_t)g->n, sizeof *g->v);
    for (int i = 0; i < g->n && r == 1; i++) {
        r = next_record(s, &rec, e);
        if (r == 0 && (i || s->live))
            r = err_set(e, ERR_DATA,
                        "%s: the input ended in step %lld with "
                        "%d of the %d samples of a group",
                        name_of(s), (long long)step, i, g->n);
        if (r == 1)
            r = check_step(rec, step, s->live, e);
        if (r == 0 && i)
            r = rec_bad(rec, e, "step: a group of %d samples ended after %d",
                        g->n, i);
        if (r == 0)
            s->held = rec;
        if (r == 1 && read_sample(s, rec, step, policy, i, &key, g, e))
            r = -e->code;
    }
    key_free(&key);
    if (r != 1)
        group_free(g);
    return r;
}

int rollouts_keep(struct rollouts *s, const struct group *g, int trained_on,
                  struct err *e)
{
    struct kept *k;

    if (!s->w)
        return 0;
    k = s->kept + s->n_kept - g->n;
    for (int i = 0; i < g->n; i++) {
        k[i].trained_on = trained_on;
        k[i].adv = g->v[i].adv;
        k[i].skipped = i ? 0 : g->skipped;
    }
    return s->bytes.n < MOST_KEPT ? 0 : rollouts_write(s, e);
}

int rollouts_short(const struct rollouts *s, int64_t step, int found, int asked,
                   struct err *e)
{
    int64_t next;

    if (s->held && rec_get_i64(s->held, "step", &next, NULL) > 0)
        return rec_bad(s->held, e,
                       "step: found %lld, expected %lld, which "
                       "has %d groups so far of the %d that its sampler made "
                       "(--off-policy takes them)",
                       (long long)next, (long long)step, found, asked);
    return err_set(e, ERR_DATA,
                   "%s: the input ended in step %lld after %d of the %d "
                   "groups that its sampler made (--off-policy takes them)",
                   name_of(s), (long long)step, found, asked);
}
