/* state - trainer_state.json to a struct and back; see state.h */
#include "state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/digests.h"
#include "../base/json.h"

void state_free(struct train_state *s)
{
    json_decref(s->hyper);
    memset(s, 0, sizeof *s);
}

static int get_count(const json_t *j, const char *path, const char *key,
                     int64_t *out, struct err *e)
{
    int r = json_get_i64(j, path, key, 1, out, e);

    if (!r && *out < 0)
        r = err_set(e, ERR_DATA, "%s: %s: found %lld, expected a count", path,
                    key, (long long)*out);
    return r;
}

static int parse_state(struct train_state *s, const json_t *j, const char *path,
                       struct err *e)
{
    const char *arm = NULL, *seed = NULL;
    int64_t updates, skipped;
    char *end;
    int r = get_count(j, path, "step", &s->step, e);

    if (!r)
        r = get_count(j, path, "cursor", &s->cursor, e);
    if (!r)
        r = get_count(j, path, "updates", &updates, e);
    if (!r)
        r = get_count(j, path, "skipped_updates", &skipped, e);
    if (!r)
        r = get_count(j, path, "good_updates", &s->good, e);
    if (!r)
        r = json_get_f64(j, path, "loss_scale", 1, &s->loss_scale, e);
    if (!r)
        r = json_get_str(j, path, "arm", 1, &arm, e);
    if (!r)
        r = json_get_str(j, path, "seed", 1, &seed, e);
    if (r)
        return r;
    s->updates = (uint64_t)updates;
    s->skipped = (uint64_t)skipped;
    /* a string: JSON numbers do not hold 64 bits everywhere */
    s->seed = strtoull(seed, &end, 10);
    s->hyper = json_incref(json_object_get(j, "hyperparameters"));
    if (*end || !*seed || strlen(arm) >= sizeof s->arm ||
        !json_is_object(s->hyper))
        return err_set(e, ERR_DATA,
                       "%s: arm, seed or hyperparameters "
                       "damaged",
                       path);
    strcpy(s->arm, arm);
    return 1;
}

int state_read(struct train_state *s, const char *dir, struct err *e)
{
    char *path = file_in(dir, DIGESTS_STATE);
    json_t *j;
    int r = digests_read(&j, dir, e);

    memset(s, 0, sizeof *s);
    if (r > 0)
        r = strcmp(digests_file(j), DIGESTS_STATE) ? 0
                                                   : parse_state(s, j, path, e);
    json_decref(j);
    free(path);
    if (r < 0)
        state_free(s);
    return r;
}

int state_cursor(const char *dir, int64_t *cursor, struct err *e)
{
    struct train_state s;
    int r;

    if (!file_exists(dir))
        return err_set(e, ERR_IO, "%s: no such directory", dir);
    r = state_read(&s, dir, e);
    *cursor = s.cursor;
    state_free(&s);
    return r < 0 ? r : 0;
}

json_t *state_json(const struct train_state *s)
{
    char seed[24];

    snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed);
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:f,s:s,s:s,s:O}", "step",
                     (json_int_t)s->step, "cursor", (json_int_t)s->cursor,
                     "updates", (json_int_t)s->updates, "skipped_updates",
                     (json_int_t)s->skipped, "good_updates",
                     (json_int_t)s->good, "loss_scale", s->loss_scale, "arm",
                     s->arm, "seed", seed, "hyperparameters", s->hyper);
}
