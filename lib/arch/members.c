/* members - what the readers of config.json share */
#include <limits.h>
#include <stdlib.h>
#include "../base/json.h"
#include "members.h"

int member_refuse(const json_t *v, const char *where, const char *key,
                  const char *expected, struct err *e)
{
    char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    int r = err_set(e, ERR_DATA, "%s: %s is %.200s: only %s is implemented",
                    where, key, text ? text : "?", expected);

    free(text);
    return r;
}

int member_size(const json_t *o, const char *where, const char *key,
                int required, int *out, struct err *e)
{
    int64_t v = *out;
    int r = json_get_i64(o, where, key, required, &v, e);

    if (r < 0)
        return r;
    if (!is_null(json_object_get(o, key)) && (v < 1 || v > INT_MAX))
        return err_set(e, ERR_DATA, "%s: %s is %lld, expected 1 to %d", where,
                       key, (long long)v, INT_MAX);
    *out = (int)v;
    return 0;
}
