/* page_json - pieces of the page's JSON */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/json_text.h"
#include "page_impl.h"

void page_num(struct buf *b, double v)
{
    if (!isfinite(v))
        buf_puts(b, "null");
    else
        buf_printf(b, "%.6g", v == 0 ? 0 : v); /* -0 is 0 */
}

void page_str(struct buf *b, const char *s)
{
    json_quote(b, s, strlen(s));
}

void page_comma(struct buf *b, int *first)
{
    if (!*first)
        buf_puts(b, ",");
    *first = 0;
}

size_t page_cut(const char *s, size_t n, size_t most)
{
    if (n <= most)
        return n;
    while (most && ((unsigned char)s[most] & 0xC0) == 0x80)
        most--;
    return most;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void page_add_sorted(struct names *to, const struct names *from)
{
    char **v = xcalloc(from->n + 1, sizeof *v);

    for (size_t i = 0; i < from->n; i++)
        v[i] = from->v[i];
    qsort(v, from->n, sizeof *v, by_text);
    for (size_t i = 0; i < from->n; i++)
        names_add(to, v[i]);
    free(v);
}
