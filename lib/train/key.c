/* key - reading and comparing what a group's samples share; see key.h */
#include "key.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/hash.h"

void key_free(struct key *k)
{
    free(k->id);
    free(k->prompt);
}

static int get_or(struct rec *rec, const char *field, int64_t absent,
                  int64_t *v, struct err *e)
{
    int r = rec_get_i64(rec, field, v, e);

    if (r < 0)
        return r;
    if (!r)
        *v = absent;
    return r && *v < 0 ? rec_bad(rec, e, "%s: found %lld, expected 0 or more",
                                 field, (long long)*v)
                       : 0;
}

int key_read(struct rec *rec, struct key *k, struct err *e)
{
    struct rec_str id, prompt;
    int r = rec_need_text(rec, "id", &id, e);

    if (!r)
        r = get_or(rec, "epoch", -1, &k->epoch, e);
    if (!r)
        r = get_or(rec, "position", -1, &k->position, e);
    if (r)
        return r;
    if (strlen(id.s) != id.n)
        return rec_bad(rec, e, "id: has a NUL");
    r = rec_get_str(rec, "prompt", &prompt, e);
    if (r < 0)
        return r;
    k->id = xstrdup(id.s);
    k->prompt = r ? xstrdup(prompt.s) : NULL;
    return 0;
}

static int same_number(struct rec *rec, const char *field, int64_t found,
                       int64_t expected, struct err *e)
{
    char a[24], b[24];

    if (found == expected)
        return 0;
    snprintf(a, sizeof a, "%lld", (long long)found);
    snprintf(b, sizeof b, "%lld", (long long)expected);
    return rec_bad(rec, e,
                   "%s: found %s, expected %s as the group's first "
                   "sample",
                   field, found < 0 ? "none" : a, expected < 0 ? "none" : b);
}

int key_check(struct rec *rec, int i, const struct key *k, const struct key *of,
              struct err *e)
{
    int64_t sample;
    int r = rec_need_i64(rec, "sample", &sample, e);

    if (r)
        return r;
    if (strcmp(k->id, of->id))
        return rec_bad(rec, e, "id: found %s, expected sample %d of %s", k->id,
                       i, of->id);
    r = same_number(rec, "epoch", k->epoch, of->epoch, e);
    if (!r)
        r = same_number(rec, "position", k->position, of->position, e);
    if (r)
        return r;
    if (sample != i)
        return rec_bad(rec, e, "sample: found %lld, expected %d",
                       (long long)sample, i);
    if (!k->prompt != !of->prompt ||
        (k->prompt && strcmp(k->prompt, of->prompt)))
        return rec_bad(rec, e,
                       "prompt: found %.60s, expected %.60s as the "
                       "group's first sample",
                       k->prompt ? k->prompt : "none",
                       of->prompt ? of->prompt : "none");
    return 0;
}

int key_check_prompt(struct rec *rec, const struct sample *s,
                     const struct sample *first, struct err *e)
{
    if (s->n_prompt != first->n_prompt)
        return rec_bad(rec, e,
                       "prompt_tokens: found %d values, expected %d "
                       "as the group's first sample",
                       s->n_prompt, first->n_prompt);
    for (int i = 0; i < s->n_prompt; i++)
        if (s->tokens[i] != first->tokens[i])
            return rec_bad(rec, e,
                           "prompt_tokens: value %d is %d, expected "
                           "%d as the group's first sample",
                           i, (int)s->tokens[i], (int)first->tokens[i]);
    return 0;
}

uint64_t key_sample_id(const struct key *k, int i)
{
    uint64_t epoch = k->epoch < 0 ? 0 : (uint64_t)k->epoch;

    return hash_bytes(k->id, strlen(k->id)) + 0x9E3779B97F4A7C15u * epoch +
           0xD1B54A32D192ED03u * (uint64_t)i;
}
