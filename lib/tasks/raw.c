/* raw - the rows of an upstream file: container sniffed, then read by its
 * reader */
#include "raw.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "csv.h"
#include "values.h"

struct raw {
    struct lines in;
    int csv;
    struct values values;
    char where[PATH_MAX + 64];
};

int raw_open(struct raw **out, const char *path, int csv, struct err *e)
{
    struct raw *r = xcalloc(1, sizeof *r);
    int rc;

    *out = r;
    r->csv = csv;
    rc = lines_open(&r->in, path, e);
    if (rc)
        raw_close(out);
    return rc;
}

int raw_next(struct raw *r, struct item *it, struct err *e)
{
    return r->csv ? csv_next(&r->in, it, e)
                  : values_next(&r->values, &r->in, it, e);
}

const char *raw_where(struct raw *r)
{
    snprintf(r->where, sizeof r->where, "%s: line %ld", lines_name(&r->in),
             r->in.row_line);
    return r->where;
}

void raw_close(struct raw **r)
{
    if (!*r)
        return;
    lines_close(&(*r)->in);
    free(*r);
    *r = NULL;
}
