/* raw - the items of an upstream file */
#include "raw.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "../base/arena.h"
#include "../base/json.h"

#define RAW_MAX ((size_t)1 << 31) /* an upstream file of over 2 GB is refused */

struct raw {
    const char *path;
    char *text;
    size_t n, at;
    int csv;
    json_t *list; /* a whole-file array, or NULL */
    size_t list_at;
    long line, next_line;
};

/* zlib reads plain files as they are. */
static int slurp(struct raw *r, struct err *e)
{
    gzFile z = gzopen(r->path, "rb");
    size_t cap = 1 << 16;
    int got;

    if (!z)
        return err_errno(e, ERR_IO, "%s", r->path);
    r->text = xmalloc(cap);
    while ((got = gzread(z, r->text + r->n, (unsigned)(cap - r->n > INT_MAX
                                                           ? INT_MAX
                                                           : cap - r->n))) > 0) {
        r->n += (size_t)got;
        if (r->n == cap && cap < RAW_MAX)
            r->text = xrealloc(r->text, cap *= 2, 1);
    }
    if (got < 0 || gzclose_r(z) != Z_OK)
        return err_set(e, ERR_IO, "%s: cannot be read or is cut short",
                       r->path);
    if (r->n >= RAW_MAX)
        return err_set(e, ERR_DATA, "%s: larger than 2 GB", r->path);
    return 0;
}

/* One JSON value over several lines (MATH keeps a problem a file), or an
 * array: read whole. A file whose first line is an object by itself is JSON
 * lines. */
static int sniff_whole(struct raw *r, struct err *e)
{
    const char *eol = memchr(r->text, '\n', r->n);
    size_t first = eol ? (size_t)(eol - r->text) : r->n;
    json_t *v = NULL;
    struct err ignored = {0};

    if (first && r->text[0] != '[' &&
        json_read_text(&v, r->text, first, r->path, &ignored) == 0) {
        json_decref(v);
        return 0;
    }
    if (r->n && (r->text[0] == '[' || r->text[0] == '{')) {
        if (json_read_text(&v, r->text, r->n, r->path, &ignored) < 0)
            return r->text[0] == '['
                       ? (*e = ignored, -ignored.code)
                       : 0; /* a bad line of JSON lines: raw_next says which */
        if (json_is_array(v)) {
            r->list = v;
        } else {
            r->list = json_array();
            json_array_append_new(r->list, v);
        }
    }
    return 0;
}

int raw_open(struct raw **out, const char *path, int csv, struct err *e)
{
    struct raw *r = xcalloc(1, sizeof *r);
    int rc;

    *out = r;
    r->path = path;
    r->csv = csv;
    r->next_line = 1;
    rc = slurp(r, e);
    if (!rc && !csv)
        rc = sniff_whole(r, e);
    if (rc)
        raw_close(out);
    return rc;
}

/* RFC 4180: quotes are doubled inside a quoted field, which may hold line
 * ends. */
static int csv_row(struct raw *r, json_t **item, struct err *e)
{
    char *field = xmalloc(r->n - r->at + 1);
    int quoted = 0, end = 0, bad = 0;
    size_t n = 0;

    *item = json_array();
    while (!end && !bad) {
        int c = r->at < r->n ? (unsigned char)r->text[r->at++] : EOF;

        if (c == '\n')
            r->next_line++;
        if (quoted && c == '"' && r->at < r->n && r->text[r->at] == '"') {
            field[n++] = '"';
            r->at++;
        } else if (c == '"' && (quoted || n == 0)) {
            quoted = !quoted;
        } else if (quoted && c != EOF) {
            field[n++] = (char)c;
        } else if (c == ',' || c == '\n' || c == EOF) {
            bad = quoted || json_array_append_new(*item,
                                                  json_stringn(field, n));
            n = 0;
            end = c != ',';
        } else if (c != '\r' || (r->at < r->n && r->text[r->at] != '\n')) {
            field[n++] = (char)c;
        }
    }
    free(field);
    if (!bad)
        return 1;
    json_decref(*item);
    return err_set(e, ERR_DATA, "%s: line %ld: %s", r->path, r->line,
                   quoted ? "a quoted field does not end"
                          : "a field is not valid UTF-8");
}

int raw_next(struct raw *r, json_t **item, struct err *e)
{
    const char *line, *eol;
    size_t n;
    char name[PATH_MAX + 32];

    if (r->list) {
        if (r->list_at >= json_array_size(r->list))
            return 0;
        *item = json_incref(json_array_get(r->list, r->list_at++));
        r->line = (long)r->list_at;
        return 1;
    }
    do {
        if (r->at >= r->n)
            return 0;
        r->line = r->next_line;
        if (r->csv)
            return csv_row(r, item, e);
        line = r->text + r->at;
        eol = memchr(line, '\n', r->n - r->at);
        n = eol ? (size_t)(eol - line) : r->n - r->at;
        r->at += n + 1;
        r->next_line++;
    } while (strspn(line, " \t\r") >= n);
    snprintf(name, sizeof name, "%s: line %ld", r->path, r->line);
    if (json_read_text(item, line, n, name, e) < 0)
        return -e->code;
    return 1;
}

long raw_line(const struct raw *r)
{
    return r->line;
}

void raw_close(struct raw **r)
{
    if (!*r)
        return;
    free((*r)->text);
    json_decref((*r)->list);
    free(*r);
    *r = NULL;
}
