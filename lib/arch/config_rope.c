/* config_rope - rotary embeddings in config.json
 *
 * transformers 4 has rope_theta and rope_scaling, which is null or an object;
 * transformers 5 has both in the object rope_parameters. Either may name the
 * type `rope_type` or, older, `type`.
 */
#include <stdio.h>
#include <string.h>
#include "../base/json.h"
#include "members.h"

/* A factor that changes nothing. */
static int check_one(const json_t *o, const char *where, const char *key,
                     const char *expected, struct err *e)
{
    const json_t *v = json_object_get(o, key);

    if (is_null(v) || (json_is_number(v) && json_number_value(v) == 1))
        return 0;
    return member_refuse(v, where, key, expected, e);
}

/* Of all pairs only the whole is implemented. */
static int check_partial(const json_t *o, const char *where, struct err *e)
{
    return check_one(o, where, "partial_rotary_factor", "1", e);
}

static int get_llama3(struct config *c, const json_t *o, const char *where,
                      struct err *e)
{
    struct rope_scaling *s = &c->rope;
    int r = json_get_f64(o, where, "factor", 1, &s->factor, e);

    if (!r)
        r = json_get_f64(o, where, "low_freq_factor", 1, &s->low_freq_factor,
                         e);
    if (!r)
        r = json_get_f64(o, where, "high_freq_factor", 1, &s->high_freq_factor,
                         e);
    s->original_max_pos = c->max_pos;
    if (!r)
        r = member_size(o, where, "original_max_position_embeddings", 0,
                        &s->original_max_pos, e);
    if (r)
        return r;
    if (!(s->factor >= 1 && s->factor < 1e6 && s->low_freq_factor > 0 &&
          s->high_freq_factor > s->low_freq_factor &&
          s->high_freq_factor < 1e6))
        return err_set(e, ERR_DATA,
                       "%s: factor %g, low_freq_factor %g and "
                       "high_freq_factor %g: expected 1 <= factor and 0 < "
                       "low < high",
                       where, s->factor, s->low_freq_factor,
                       s->high_freq_factor);
    return 0;
}

static int get_scaling(struct config *c, const json_t *o, const char *where,
                       struct err *e)
{
    const char *key = is_null(json_object_get(o, "rope_type")) ? "type"
                                                               : "rope_type";
    const char *type = "default";
    int r = json_get_f64(o, where, "rope_theta", 0, &c->rope_theta, e);

    if (!r)
        r = check_partial(o, where, e);
    if (!r)
        r = json_get_str(o, where, key, 0, &type, e);
    if (r)
        return r;
    if (!strcmp(type, "llama3"))
        return get_llama3(c, o, where, e);
    if (strcmp(type, "default"))
        return member_refuse(json_object_get(o, key), where, key,
                             "default or llama3", e);
    /* it belongs to another way of scaling */
    return check_one(o, where, "factor", "rope_type llama3 with a factor", e);
}

/* An object for each kind of layer: that of full_attention, if it is alone. */
static int get_nested(struct config *c, const json_t *o, const char *where,
                      struct err *e)
{
    const json_t *full = json_object_get(o, "full_attention"), *v;
    char inner[4300];
    const char *key;

    json_object_foreach((json_t *)(uintptr_t)o, key, v)
        if (json_is_object(v) && v != full)
            return member_refuse(v, where, key, "full_attention", e);
    snprintf(inner, sizeof inner, "%s: full_attention", where);
    return full ? get_scaling(c, full, inner, e) : get_scaling(c, o, where, e);
}

int rope_from_json(struct config *c, const json_t *o, const char *where,
                   struct err *e)
{
    static const char *const names[] = {"rope_scaling", "rope_parameters"};
    const json_t *v[2] = {json_object_get(o, names[0]),
                          json_object_get(o, names[1])};
    char inner[4200];
    int r = json_get_f64(o, where, "rope_theta", 0, &c->rope_theta, e);

    if (!r)
        r = check_partial(o, where, e);
    if (!r && !is_null(v[0]) && !is_null(v[1]) && !json_equal(v[0], v[1]))
        r = err_set(e, ERR_DATA,
                    "%s: rope_scaling and rope_parameters say "
                    "different things: keep one",
                    where);
    for (int i = 0; !r && i < 2; i++) {
        if (is_null(v[i]) || json_is_false(v[i]))
            continue;
        if (!json_is_object(v[i]))
            return member_refuse(v[i], where, names[i], "an object", e);
        snprintf(inner, sizeof inner, "%s: %s", where, names[i]);
        r = get_nested(c, v[i], inner, e);
    }
    return r;
}

void rope_to_json(const struct config *c, json_t *o)
{
    const struct rope_scaling *s = &c->rope;

    json_object_set_new(o, "rope_theta", json_real(c->rope_theta));
    json_object_set_new(
        o, "rope_scaling",
        s->factor > 0
            ? json_pack("{s:s, s:f, s:f, s:f, s:i}", "rope_type", "llama3",
                        "factor", s->factor, "low_freq_factor",
                        s->low_freq_factor, "high_freq_factor",
                        s->high_freq_factor, "original_max_position_embeddings",
                        s->original_max_pos)
            : json_null());
}
