/* page - the parts of the page, put together */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "../base/cli.h"
#include "page_impl.h"
#include "page_transcripts.h"

static void put(struct buf *b, const char *s)
{
    table_escape(s, strlen(s), b);
}

static void put_asset(struct buf *b, struct page_asset a)
{
    buf_put(b, a.p, a.n);
}

/* "H2: off-task ..." is #h2-off-task-... */
static void slug(struct buf *b, const char *s)
{
    int dash = 1;

    for (; *s; s++) {
        int c = tolower((unsigned char)*s);

        if (isalnum(c) && c < 128) {
            buf_printf(b, "%c", c);
            dash = 0;
        } else if (!dash) {
            buf_puts(b, "-");
            dash = 1;
        }
    }
    b->n -= dash && b->n && b->p[b->n - 1] == '-';
}

static void heading(struct buf *b, int *open, const char *text)
{
    if (*open)
        buf_puts(b, "</section>\n");
    *open = 1;
    buf_puts(b, "<section id=\"");
    slug(b, text);
    buf_puts(b, "\">\n<h2>");
    put(b, text);
    buf_puts(b, "</h2>\n");
}

/* Where a script draws, after which block of the report. */
static const struct {
    enum doc_part part;
    const char *name, *chart;
} charts[] = {
    {DOC_TABLE, "answers", "profile"}, {DOC_TABLE, "variance", "variance"},
    {DOC_PLOT, "kl", "frontier"},      {DOC_PLOT, "sparsity", "heat"},
    {DOC_TABLE, "h2", "forest"},       {DOC_TABLE, "divergence", "divergence"},
};

struct body {
    const struct report *r;
    struct buf *b;
    int open;
};

static void chart(struct buf *b, const char *name)
{
    buf_printf(b, "<div class=\"chart\" data-chart=\"%s\"></div>\n", name);
}

static void part(void *ctx, enum doc_part what, const char *name)
{
    struct body *o = ctx;

    if (what == DOC_HEADING)
        heading(o->b, &o->open, name);
    /* after the warnings, which come first */
    if (what == DOC_TABLE && !strcmp(name, "findings"))
        page_words(o->r, o->b);
    for (size_t i = 0; i < sizeof charts / sizeof *charts; i++)
        if (charts[i].part == what && !strcmp(charts[i].name, name))
            chart(o->b, charts[i].chart);
}

static const char curves[] = "Training curves",
                  questions[] = "Questions and answers",
                  sources[] = "Where the numbers come from",
                  licences[] = "Licences";

static void contents_item(struct buf *b, const char *text)
{
    buf_puts(b, "<li><a href=\"#");
    slug(b, text);
    buf_puts(b, "\">");
    put(b, text);
    buf_puts(b, "</a></li>\n");
}

static void contents(const struct report *r, struct buf *b)
{
    const char *s;

    buf_puts(b, "<nav aria-label=\"Contents\">\n<p class=\"title\">Contents"
                "</p>\n<ol>\n");
    for (int i = 0; (s = doc_heading_at(r->doc, i)); i++)
        contents_item(b, s);
    contents_item(b, curves);
    contents_item(b, questions);
    contents_item(b, sources);
    contents_item(b, licences);
    buf_puts(b, "</ol>\n</nav>\n");
}

static void head(const struct report *r, struct buf *b)
{
    const char *title = doc_title(r->doc);

    /* nothing is fetched, whatever a record says */
    buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                "<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\""
                "default-src 'none'; style-src 'unsafe-inline'; "
                "script-src 'unsafe-inline'; img-src data:\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, "
                "initial-scale=1\">\n<title>");
    put(b, title);
    buf_puts(b, "</title>\n<style>\n");
    put_asset(b, page_style());
    buf_puts(b, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#text\">"
                "To the text</a>\n<header>\n<h1>");
    put(b, title);
    buf_puts(b, "</h1>\n<div id=\"tools\"></div>\n</header>\n");
    if (!page_d3().n)
        buf_puts(b, "<p class=\"none\" id=\"no-charts\">This page has no "
                    "interactive charts: the library D3 (Debian's node-d3) "
                    "was not installed when stats was built.</p>\n");
}

/* Sections that the text has not. */
static void more(const struct page *p, struct body *o)
{
    struct buf *b = o->b;

    heading(b, &o->open, curves);
    buf_puts(b, "<p>Every number that training recorded, step by step: the "
                "mean over the runs of an arm and the band from the least to "
                "the greatest run.</p>\n<noscript><p>The curves are drawn by "
                "a script. <code>stats --tidy</code> writes their numbers as "
                "a table.</p></noscript>\n");
    chart(b, "curves");
    heading(b, &o->open, questions);
    buf_puts(b, "<p>The share of right samples of each question, by the base "
                "model and each arm, mean over the arm's runs.</p>\n"
                "<noscript><p>The list is made by a script. The table of "
                "questions that moved most is above.</p></noscript>\n"
                "<div class=\"questions\"></div>\n");
    heading(b, &o->open, sources);
    buf_puts(b, "<p>Made by ulp " ULP_VERSION ". The arms and parameters are "
                "those under Setting.</p>\n");
    page_sources(p, b);
    heading(b, &o->open, licences);
    buf_puts(b, "<p>The page's own text and scripts: MIT, as ulp. ");
    if (page_d3().n) {
        buf_puts(
            b,
            "Charts: D3 (d3js.org), under the licence below.</p>\n<details><summary>Licence "
            "of D3</summary>\n<pre>");
        table_escape(page_d3_licence().p, page_d3_licence().n, b);
        buf_puts(b, "</pre>\n</details>\n");
    } else {
        buf_puts(b, "</p>\n");
    }
    buf_puts(b, "</section>\n");
}

/* A part of the numbers, for a script that asks for it; frees json. "<" would
 * end the script element in "</script>". */
static void put_data(const char *id, struct buf *out, struct buf *json)
{
    const char *s = json->p, *end = s + json->n;

    buf_printf(out, "<script type=\"application/json\" id=\"%s\">\n", id);
    while (s < end) {
        const char *lt = memchr(s, '<', (size_t)(end - s));

        buf_put(out, s, (size_t)((lt ? lt : end) - s));
        if (!lt)
            break;
        buf_puts(out, "\\u003c");
        s = lt + 1;
    }
    buf_puts(out, "</script>\n");
    buf_free(json);
}

static int data(const struct page *p, const struct report *r, struct buf *out,
                struct err *e)
{
    const struct data *d = r->d;
    struct buf b = {0};
    int first = 1, x;

    buf_puts(&b, "{\"arms\":[");
    for (int a = 0; a < d->n_arms; a++) {
        page_comma(&b, &first);
        page_str(&b, data_arm(d, a));
    }
    buf_printf(&b, "],\"reference\":%d,\"margin\":", d->reference);
    page_num(&b, r->s->margin);
    buf_puts(&b, ",\"tasks\":[");
    for (int k = 0; k < d->n_tasks; k++) {
        buf_puts(&b, k ? ",{\"name\":" : "{\"name\":");
        page_str(&b, data_task(d, k));
        buf_printf(&b, ",\"on\":%s}", k < d->n_on ? "true" : "false");
    }
    buf_puts(&b, "],\n");
    page_estimates(r, &b);
    buf_puts(&b, ",\n");
    page_heat(p, r, &b);
    buf_printf(&b, ",\n\"texts\":{\"most\":%zu,\"bytes\":%d}}\n",
               page_transcripts_most(d), TEXT_BYTES);
    put_data("data", out, &b);
    page_curves(p, r, "metrics", &b);
    put_data("data-metrics", out, &b);
    page_curves(p, r, "divergence", &b);
    put_data("data-divergence", out, &b);
    x = page_questions(p, r, &b, e);
    put_data("data-questions", out, &b);
    return x;
}

int page_html(struct page *p, const struct report *r, struct buf *out,
              struct err *e)
{
    struct body o = {r, out, 0};
    const struct doc_hook hook = {part, &o};
    int x;

    numbers_sort(&p->n);
    head(r, out);
    contents(r, out);
    buf_puts(out, "<main id=\"text\">\n");
    doc_html(r->doc, &hook, out);
    more(p, &o);
    buf_puts(out, "</main>\n");
    x = data(p, r, out, e);
    if (page_d3().n) {
        buf_puts(out, "<script>\n");
        put_asset(out, page_d3());
        buf_puts(out, "</script>\n");
    }
    buf_puts(out, "<script>\n");
    put_asset(out, page_script());
    buf_puts(out, "</script>\n</body>\n</html>\n");
    return x;
}
