/* import - upstream files to one task set */
#include "import.h"
#include <stdio.h>
#include <string.h>
#include "check.h"
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
    int again;

    if (im->excluded && seen_is_excluded(im->excluded, row)) {
        im->in_eval++;
        return 0;
    }
    again = seen_add(im->seen, row);
    if (!again || im->keep_repeats)
        return 1;
    if (again == 1)
        im->repeats++;
    else
        im->conflicts++;
    return 0;
}

static void unusable(struct import *im, struct raw *r, const char *why)
{
    int i = 0;

    im->unusable++;
    while (i < im->n_reasons && strcmp(im->reason[i].why, why))
        i++;
    if (i == IMPORT_REASONS)
        return;
    if (i == im->n_reasons) {
        im->n_reasons++;
        im->reason[i].why = why;
        snprintf(im->reason[i].first, sizeof im->reason[i].first, "%s",
                 raw_where(r));
    }
    im->reason[i].n++;
}

static int import_row(struct import *im, const struct upstream *u,
                      struct raw *r, struct item *it, struct file *out,
                      struct err *e)
{
    const char *why = NULL;
    json_t *row = u->convert(it, &why);

    im->read++;
    if (row && (why = row_fault(row))) {
        json_decref(row);
        row = NULL;
    }
    if (!row) {
        unusable(im, r, why);
        return 0;
    }
    if (!keep(im, row)) {
        json_decref(row);
        return 0;
    }
    im->with_system += json_object_get(row, "system") != NULL;
    im->with_history += json_object_get(row, "history") != NULL;
    row = with_id(im, row);
    im->kept++;
    return rows_write(out, row, it, e);
}

int import_file(struct import *im, const struct upstream *u, const char *path,
                struct file *out, struct err *e)
{
    struct raw *r;
    struct item it = {0};
    int rc = raw_open(&r, path, u->csv, u->fields, e);

    while (!rc && (rc = raw_next(r, &it, e)) > 0)
        rc = import_row(im, u, r, &it, out, e);
    item_free(&it);
    raw_close(&r);
    return rc;
}

void import_account(const struct import *im, struct buf *b)
{
    const struct import_reason *why = im->reason;

    buf_printf(b,
               "%lu rows read, %lu kept; dropped: %lu repeats, %lu repeats "
               "with another answer, %lu in an excluded set, %lu unusable",
               im->read, im->kept, im->repeats, im->conflicts, im->in_eval,
               im->unusable);
    if (im->unusable)
        buf_printf(b, " (first: %s: %s)", why->first, why->why);
    buf_puts(b, "\n");
    for (int i = 0; im->n_reasons > 1 && i < im->n_reasons; i++)
        buf_printf(b, "%lu unusable: %s (first: %s)\n", why[i].n, why[i].why,
                   why[i].first);
    if (im->with_system)
        buf_printf(b, "%lu with a system message, kept in `system`\n",
                   im->with_system);
    if (im->with_history)
        buf_printf(b,
                   "%lu with earlier turns, kept in `history`; the prompt "
                   "is the last turn alone\n",
                   im->with_history);
}

int import_exclude(struct seen *s, const char *path, struct err *e)
{
    static const char *const fields[] = {"prompt", "choices", "history", NULL};
    struct raw *r;
    struct item it = {0};
    int rc = raw_open(&r, path, 0, fields, e);

    while (!rc && (rc = raw_next(r, &it, e)) > 0) {
        rc = 0;
        if (json_is_string(json_object_get(it.json, "prompt")))
            seen_exclude(s, it.json);
        else
            rc = err_set(e, ERR_DATA, "%s: no prompt", raw_where(r));
    }
    item_free(&it);
    raw_close(&r);
    return rc;
}
