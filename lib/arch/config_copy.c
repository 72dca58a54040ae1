/* config_copy - config.json of the model trained from, for the model made
 *
 * transformers takes the type in which it holds the weights from this file and
 * not from the tensors: `dtype`, or `torch_dtype` where that is missing, and in
 * nested configurations too. So all of them say what the tensors are.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../base/digests.h"
#include "../base/json.h"
#include "config.h"

static int is_type_key(const char *key)
{
    return !strcmp(key, "dtype") || !strcmp(key, "torch_dtype");
}

/* Every type named in v, at any depth, becomes `type`. */
static void set_types(json_t *v, const char *type)
{
    const char *key;
    json_t *item;
    size_t i;

    json_array_foreach(v, i, item)
        set_types(item, type);
    json_object_foreach(v, key, item) {
        if (is_type_key(key) && json_is_string(item))
            json_object_set_new(v, key, json_string(type));
        else
            set_types(item, type);
    }
}

int config_copy(const char *from, const char *to, enum dtype t, struct err *e)
{
    char path[4200];
    json_t *o;
    int r = digests_json(&o, from, "config.json", e);

    snprintf(path, sizeof path, "%s/config.json", r ? to : from);
    if (!r)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(ENOENT));
    if (r > 0 && json_is_object(o)) {
        const char *type = config_type_name(t);

        set_types(o, type);
        json_object_set_new(o, "dtype", json_string(type));
        json_object_set_new(o, "torch_dtype", json_string(type));
        r = json_write_file(o, path, e);
    }
    json_decref(o);
    return r;
}
