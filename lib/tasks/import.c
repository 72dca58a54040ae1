/* import - upstream files to one task set */
#include "import.h"
#include <stdio.h>
#include <string.h>
#include "raw.h"
#include "rows.h"

/* id and task in front, then the row's own fields. */
static json_t *with_id(struct import *im, json_t *row)
{
    json_t *full = json_object();
    char id[256];

    snprintf(id, sizeof id, "%s/%lu", im->task, im->kept);
    json_object_set_new(full, "id", json_string(id));
    json_object_set_new(full, "task", json_string(im->task));
    json_object_update(full, row);
    if (im->source)
        json_object_set_new(full, "source", json_string(im->source));
    json_decref(row);
    return full;
}

static int keep(struct import *im, const json_t *row)
{
    const char *prompt = json_string_value(json_object_get(row, "prompt"));
    const char *answer = json_string_value(json_object_get(row, "answer"));
    int again;

    if (im->excluded && seen_has(im->excluded, prompt)) {
        im->in_eval++;
        return 0;
    }
    again = seen_add(im->seen, prompt, answer ? answer : "");
    if (!again || im->keep_repeats)
        return 1;
    if (again == 1)
        im->repeats++;
    else
        im->conflicts++;
    return 0;
}

int import_file(struct import *im, const struct upstream *u,
                const char *path, struct file *out, struct err *e)
{
    struct raw *r;
    json_t *raw, *row;
    const char *why;
    int rc = raw_open(&r, path, u->csv, e);

    while (!rc && (rc = raw_next(r, &raw, e)) > 0) {
        rc = 0;
        im->read++;
        row = u->convert(raw, &why);
        json_decref(raw);
        if (!row) {
            if (!im->unusable++)
                snprintf(im->first_unusable, sizeof im->first_unusable,
                         "%s: line %ld: %s", path, raw_line(r), why);
        } else if (keep(im, row)) {
            rc = rows_write(out, with_id(im, row), e);
            im->kept++;
        } else {
            json_decref(row);
        }
    }
    raw_close(&r);
    return rc;
}

int import_exclude(struct seen *s, const char *path, struct err *e)
{
    struct raw *r;
    json_t *raw;
    const char *prompt;
    int rc = raw_open(&r, path, 0, e);

    while (!rc && (rc = raw_next(r, &raw, e)) > 0) {
        prompt = json_string_value(json_object_get(raw, "prompt"));
        rc = prompt ? 0
                    : err_set(e, ERR_DATA, "%s: line %ld: no prompt", path,
                              raw_line(r));
        if (prompt)
            (void)seen_add(s, prompt, "");
        json_decref(raw);
    }
    raw_close(&r);
    return rc;
}
