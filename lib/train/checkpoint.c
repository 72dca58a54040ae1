/* checkpoint - what a resume needs: comparison, contents; see checkpoint.h.
 * Putting the directory in place is dir.c. */
#include "checkpoint.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/digests.h"
#include "../base/json.h"
#include "../base/json_text.h"
#include "../record/rec.h"
#include "../../kernels/canon.h"
#include "dir.h"

/* ---- may this run go on from there? ---------------------------------- */

static int differs(const char *dir, const char *what, const char *was,
                   const char *now, struct err *e)
{
    return err_set(e, ERR_USAGE, "%s was trained with %s %s, this run has %s",
                   dir, what, was, now);
}

static char *text_of(const json_t *v)
{
    char number[32];

    if (!v)
        return xstrdup("not set");
    if (!json_is_real(v))
        return json_dumps(v, JSON_ENCODE_ANY);
    json_f64(number, json_real_value(v));
    return xstrdup(number);
}

static int compare_hyper(const struct train_state *was,
                         const struct train_state *now, const char *dir,
                         struct err *e)
{
    const char *key;
    json_t *v;

    json_object_foreach(now->hyper, key, v) {
        json_t *old = json_object_get(was->hyper, key);
        char *a, *b;

        if (json_equal(old, v))
            continue;
        a = text_of(old);
        b = text_of(v);
        (void)differs(dir, key, a, b, e);
        free(a);
        free(b);
        return -ERR_USAGE;
    }
    return 0;
}

int checkpoint_compare(const struct train_state *was,
                       const struct train_state *now, const char *dir,
                       struct err *e)
{
    char what[ARM_TEXT];

    if (arm_difference(was->arm, now->arm, what, sizeof what))
        return err_set(e, ERR_USAGE,
                       "%s was trained with arm %.*s, this run "
                       "has %.*s: there %s",
                       dir, (int)strcspn(was->arm, ","), was->arm,
                       (int)strcspn(now->arm, ","), now->arm, what);
    if (was->seed != now->seed)
        return err_set(
            e, ERR_USAGE, "%s was trained with seed %llu, this run has %llu",
            dir, (unsigned long long)was->seed, (unsigned long long)now->seed);
    return compare_hyper(was, now, dir, e);
}

int checkpoint_resume(struct adamw *a, const struct train_state *s,
                      const char *dir, struct err *e)
{
    a->updates = s->updates;
    a->skipped = s->skipped;
    a->loss_scale = s->loss_scale;
    a->good = s->good;
    return adamw_load_state(a, dir, e);
}

/* ---- writing --------------------------------------------------------- */

static const char *const copied[] = {
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "generation_config.json",
    "chat_template.jinja",
    "added_tokens.json",
};

static int put_state(const char *tmp, const struct train_state *s,
                     const json_t *known, struct err *e)
{
    json_t *j = state_json(s);
    int r = j ? digests_write(j, known, tmp, DIGESTS_STATE, e)
              : err_set(e, ERR_IO, "%s: the state cannot be written as JSON",
                        tmp);

    json_decref(j);
    return r;
}

/* The list of a directory that is no checkpoint. */
static int put_digests(const char *tmp, const json_t *known, struct err *e)
{
    json_t *j = json_object();
    int r = digests_write(j, known, tmp, DIGESTS_MODEL, e);

    json_decref(j);
    return r;
}

static int copy_tokenizer(const char *tmp, const char *from, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < sizeof copied / sizeof *copied && !r; i++)
        r = dir_copy_file(from, tmp, copied[i], e);
    return r;
}

static int put_all(const char *tmp, const char *from, const struct adamw *a,
                   struct train_state *s, struct err *e)
{
    json_t *known = json_object();
    char digest[33];
    int r = config_copy(from, tmp, a->arm.master, e);

    if (!r)
        r = copy_tokenizer(tmp, from, e);
    if (!r)
        r = adamw_save_master(a, tmp, digest, e);
    if (!r)
        json_object_set_new(known, "model.safetensors", json_string(digest));
    if (!r)
        r = adamw_save_state(a, tmp, digest, e);
    if (!r) {
        json_object_set_new(known, "optimizer.safetensors",
                            json_string(digest));
        s->updates = a->updates;
        s->skipped = a->skipped;
        s->loss_scale = a->loss_scale;
        s->good = a->good;
        r = put_state(tmp, s, known, e);
    }
    json_decref(known);
    return r;
}

/* A mistyped --out must not cost somebody a directory of other things. */
static int may_replace(const char *dir, struct err *e)
{
    char *config = file_in(dir, "config.json"), *to = file_followed(dir);
    int ok = !file_exists(dir) || file_exists(config) || (to && rmdir(to) == 0);

    free(config);
    free(to);
    return ok ? 0
              : err_set(e, ERR_USAGE, "%s: is there and is no model directory",
                        dir);
}

int checkpoint_begin(struct dir **d, const char *dir, struct err *e)
{
    int r = may_replace(dir, e);

    *d = NULL;
    return r ? r : dir_create(d, dir, e);
}

/* What came to dir since a run began is not replaced either. */
static int begin_or_go_on(struct dir **d, const char *dir, struct err *e)
{
    return *d ? may_replace(dir, e) : checkpoint_begin(d, dir, e);
}

void checkpoint_abort(struct dir **d)
{
    dir_abort(d);
}

static int end(struct dir **d, int r, struct err *e)
{
    if (!r)
        return dir_commit(d, e);
    dir_abort(d);
    return r;
}

int checkpoint_prepare(struct dir **d, const char *dir, const char *from,
                       const struct adamw *a, struct train_state *s,
                       struct err *e)
{
    int r;

    if (a->s.rank) {
        r = adamw_save_master(a, NULL, NULL, e);
        return r ? r : adamw_save_state(a, NULL, NULL, e);
    }
    r = begin_or_go_on(d, dir, e);
    if (!r)
        r = put_all(dir_tmp(*d), from, a, s, e);
    if (r)
        dir_abort(d);
    return r;
}

int checkpoint_write(const char *dir, const char *from, const struct adamw *a,
                     struct train_state *s, struct err *e)
{
    struct dir *d = NULL;
    int r = checkpoint_prepare(&d, dir, from, a, s, e);

    return r ? r : dir_commit(&d, e);
}

/* direct: 0: those in files, 1: those that somebody reads meanwhile. */
static int commit_records(struct rec_writer **const *w, int n, int direct,
                          struct err *e)
{
    int r = 0;

    for (int i = 0; i < n && !r; i++)
        if (*w[i] && rec_is_direct(*w[i]) == direct)
            r = rec_commit(w[i], e);
    return r;
}

int checkpoint_commit(struct dir **d, struct rec_writer **const *records, int n,
                      struct err *e)
{
    int r = end(d, commit_records(records, n, 0, e), e);

    return r ? r : commit_records(records, n, 1, e);
}

int checkpoint_prepare_model(struct dir **d, const char *dir,
                             const struct config *c, const char *tokenizer,
                             const struct adamw *a, struct err *e)
{
    json_t *known;
    char digest[33];
    int r;

    if (a->s.rank)
        return adamw_save_master(a, NULL, NULL, e);
    known = json_object();
    r = begin_or_go_on(d, dir, e);
    if (!r)
        r = config_write(c, dir_tmp(*d), e);
    if (!r)
        r = copy_tokenizer(dir_tmp(*d), tokenizer, e);
    if (!r)
        r = adamw_save_master(a, dir_tmp(*d), digest, e);
    if (!r) {
        json_object_set_new(known, "model.safetensors", json_string(digest));
        r = put_digests(dir_tmp(*d), known, e);
    }
    json_decref(known);
    if (r)
        dir_abort(d);
    return r;
}

/* Rounded where they lie: value i moves down, never onto one still to come. */
static void round_flat(float *flat, size_t n, enum dtype t)
{
    for (size_t i = 0; i < n && t != DT_F32; i++) {
        uint16_t h = t == DT_BF16 ? canon_round_bf16(flat[i])
                                  : canon_round_f16(flat[i]);

        memcpy((char *)flat + i * sizeof h, &h, sizeof h);
    }
}

int checkpoint_write_flat(const char *dir, const struct config *c,
                          const char *tokenizer, float *flat, struct err *e)
{
    struct params p;
    struct dir *d;
    int r = params_list(&p, c, e);

    if (r)
        return r;
    round_flat(flat, p.n_values, c->file_dtype);
    params_free(&p);
    r = checkpoint_begin(&d, dir, e);
    if (!r)
        r = copy_tokenizer(dir_tmp(d), tokenizer, e);
    if (!r)
        r = model_save(dir_tmp(d), c, flat, c->file_dtype, e);
    if (!r)
        r = put_digests(dir_tmp(d), NULL, e);
    return end(&d, r, e);
}
