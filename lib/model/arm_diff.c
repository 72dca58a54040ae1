/* arm_diff - in which factors two recorded arms differ */
#include <stdio.h>
#include <string.h>
#include "arm_impl.h"

/* The value of `name` in an arm's text; one that is not there has the value
 * it has in fp32: the text was written before there was such a factor. */
static int value_of(const char *text, const char *name, const char **v)
{
    size_t n = strlen(name);

    for (const char *p = strchr(text, ','); p; p = strchr(p + 1, ','))
        if (!strncmp(p + 1, name, n) && p[1 + n] == '=') {
            *v = p + n + 2;
            return (int)strcspn(*v, ",");
        }
    *v = "";
    return 0;
}

int arm_difference(const char *was, const char *now, char *buf, size_t n)
{
    char fp32[ARM_TEXT];
    struct arm a;
    struct err e;
    size_t at = 0;
    int differ = 0;

    *buf = 0;
    if (arm_parse(&a, "fp32", &e))
        return 1; /* it is in the table */
    arm_format(&a, fp32, sizeof fp32);
    for (int i = 0; i < arm_n_factors; i++) {
        const char *name = arm_factors[i].name, *x, *y;
        int nx = value_of(was, name, &x), ny = value_of(now, name, &y);

        if (!nx)
            nx = value_of(fp32, name, &x);
        if (!ny)
            ny = value_of(fp32, name, &y);
        if (nx == ny && !memcmp(x, y, (size_t)nx))
            continue;
        if (at < n)
            at += (size_t)snprintf(buf + at, n - at, "%s%s=%.*s and not %.*s",
                                   differ ? ", " : "", name, nx, x, ny, y);
        differ++;
    }
    return differ;
}
