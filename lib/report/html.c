/* html - SVG files inlined into the page */
#include <stdio.h>
#include <string.h>
#include "../base/buf.h"
#include "../base/file.h"
#include "html.h"

/* Copies SVG text, with prefix "NAME-" before each id and reference. */
static void put_svg(struct buf *out, const char *name, const char *s, size_t n)
{
    static const char *const before[] = {
        " id='", " id=\"", "href='#", "href=\"#", "url(#",
    };
    const char *end = s + n, *svg = memmem(s, n, "<svg", 4);

    for (s = svg ? svg : s; s < end;) {
        size_t k = 0, m = 1;

        for (; k < sizeof before / sizeof *before; k++) {
            m = strlen(before[k]);
            if ((size_t)(end - s) >= m && !memcmp(s, before[k], m))
                break;
        }
        if (k == sizeof before / sizeof *before)
            m = 1;
        buf_put(out, s, m);
        if (k < sizeof before / sizeof *before)
            buf_printf(out, "%s-", name);
        s += m;
    }
}

static int put_plot(struct buf *out, const char *dir, const char *name,
                    struct err *e)
{
    struct filemap m;
    char path[4096];
    int r;

    snprintf(path, sizeof path, "%s/plots/%s.svg", dir, name);
    if (!file_exists(path)) {
        buf_printf(out,
                   "<p class=\"none\">(no plot: plots/%s.svg was not "
                   "made)</p>\n",
                   name);
        return 0;
    }
    r = file_map(&m, path, e);
    if (r)
        return r;
    put_svg(out, name, (const char *)m.data, m.size);
    file_unmap(&m);
    return 0;
}

static int inline_plots(struct buf *out, const char *dir, const char *s,
                        size_t n, struct err *e)
{
    static const char mark[] = "<!--plot ";
    const char *end = s + n;

    while (s < end) {
        const char *at = memmem(s, (size_t)(end - s), mark, sizeof mark - 1);
        const char *stop = at ? memmem(at, (size_t)(end - at), "-->", 3) : NULL;
        char name[64];
        int r;

        if (!stop) {
            buf_put(out, s, (size_t)(end - s));
            break;
        }
        buf_put(out, s, (size_t)(at - s));
        at += sizeof mark - 1;
        snprintf(name, sizeof name, "%.*s", (int)(stop - at), at);
        r = put_plot(out, dir, name, e);
        if (r)
            return r;
        s = stop + 3;
    }
    return 0;
}

int html_finish(const char *dir, struct err *e)
{
    struct filemap m;
    struct buf out = {0};
    char path[4096];
    int r;

    snprintf(path, sizeof path, "%s/report.in.html", dir);
    r = file_map(&m, path, e);
    if (r)
        return r;
    r = inline_plots(&out, dir, (const char *)m.data, m.size, e);
    file_unmap(&m);
    snprintf(path, sizeof path, "%s/report.html", dir);
    if (!r)
        r = file_put(path, out.p, out.n, e);
    buf_free(&out);
    return r;
}
