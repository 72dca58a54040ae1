/* set - KEY=VALUE items onto a record */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "set.h"

int set_check(const struct cli_list *l, struct err *e)
{
    for (int i = 0; i < l->n; i++) {
        const char *eq = strchr(l->v[i], '=');

        if (!eq || eq == l->v[i])
            return err_set(e, ERR_USAGE, "--set %s: expected KEY=VALUE",
                           l->v[i]);
    }
    return 0;
}

static void apply(struct rec *rec, const char *key, const char *v)
{
    char *end;
    long long i;
    double d;

    errno = 0;
    i = strtoll(v, &end, 10);
    if (*v && !*end && !errno) {
        rec_set_i64(rec, key, i);
        return;
    }
    d = strtod(v, &end);
    if (*v && !*end && isfinite(d) && strcspn(v, "xXnN") == strlen(v))
        rec_set_f64(rec, key, d);
    else if (!strcmp(v, "true") || !strcmp(v, "false"))
        rec_set_bool(rec, key, *v == 't');
    else
        rec_set_str(rec, key, v, strlen(v));
}

void set_apply(const struct cli_list *l, struct rec *rec)
{
    char key[256];

    for (int i = 0; i < l->n; i++) {
        size_t n = strcspn(l->v[i], "=");

        if (n >= sizeof key)
            n = sizeof key - 1;
        memcpy(key, l->v[i], n);
        key[n] = 0;
        apply(rec, key, strchr(l->v[i], '=') + 1);
    }
}
