/* lines - the text of an upstream file */
#include "lines.h"
#include <stdint.h>
#include <string.h>

int lines_open(struct lines *l, const char *path, struct err *e)
{
    const char *p;
    size_t n;
    int r;

    l->line = l->row_line = 1;
    if ((r = source_open(&l->src, path, e)) < 0 ||
        (r = source_boundary(l->src, e)) < 0)
        return r;
    p = source_bytes(l->src, &n);
    if (n >= 2 && (!memcmp(p, "\xff\xfe", 2) || !memcmp(p, "\xfe\xff", 2)))
        return err_set(e, ERR_DATA, "%s: is UTF-16; expected UTF-8",
                       lines_name(l));
    return 0;
}

void lines_close(struct lines *l)
{
    source_close(&l->src);
}

const char *lines_name(const struct lines *l)
{
    return source_name(l->src);
}

const char *lines_bytes(const struct lines *l, size_t *n)
{
    return source_bytes(l->src, n);
}

int lines_more(struct lines *l, const char *what, struct err *e)
{
    size_t n;
    int r;

    source_bytes(l->src, &n);
    if (n > LINES_ROW_MAX)
        return err_set(e, ERR_DATA, "%s: line %ld: %s longer than %zu MiB",
                       lines_name(l), l->line, what, LINES_ROW_MAX >> 20);
    r = l->ended ? 0 : source_more(l->src, e);
    if (r)
        return r;
    l->ended = 1;
    return source_cut(l->src)
               ? err_set(e, ERR_DATA, "%s: is truncated inside compressed data",
                         lines_name(l))
               : 0;
}

void lines_take(struct lines *l, size_t n)
{
    size_t have;
    const char *p = source_bytes(l->src, &have), *end = p + n;

    for (; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        l->line++;
    source_take(l->src, n);
}

void lines_drop(struct lines *l, size_t n)
{
    source_take(l->src, n);
}

/* Bytes at p that stand between rows; SIZE_MAX: that cannot be told yet. */
static size_t between(const char *p, size_t n, const char *skip, int ended)
{
    static const char bom[] = "\xef\xbb\xbf";
    size_t i = 0;

    while (i < n) {
        if (*p == bom[0] && n - i < 3 && !ended && !memcmp(p, bom, n - i))
            return SIZE_MAX;
        if (*p && strchr(skip, *p)) {
            i++, p++;
        } else if (n - i >= 3 && !memcmp(p, bom, 3)) {
            i += 3, p += 3;
        } else {
            break;
        }
    }
    return i;
}

int lines_begin_row(struct lines *l, const char *skip, struct err *e)
{
    size_t n, k, skipped = 0;
    const char *p;
    int r;

    for (;;) {
        p = lines_bytes(l, &n);
        k = between(p, n, skip, l->ended);
        if (k != SIZE_MAX) {
            lines_take(l, k);
            if (k < n)
                break;
            skipped += k;
            if (skipped > LINES_ROW_MAX)
                return err_set(e, ERR_DATA,
                               "%s: line %ld: more than %zu MiB "
                               "of white space",
                               lines_name(l), l->line, LINES_ROW_MAX >> 20);
        }
        r = lines_more(l, "a row", e);
        if (r < 0 || (!r && k != SIZE_MAX))
            return r;
    }
    l->row_line = l->line;
    return 1;
}
