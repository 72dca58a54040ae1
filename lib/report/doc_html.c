/* doc_html - a page's blocks as one HTML file */
#include <string.h>
#include "doc.h"
#include "doc_impl.h"

static const char style[] =
    ":root{--ink:#1a1a1a;--soft:#5c6670;--rule:#c9ced3;--tint:#f4f6f8;"
    "--mark:#0072b2}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:60rem;padding:3rem 1.5rem 5rem;"
    "font:16px/1.55 Charter,'Bitstream Charter','Source Serif 4',Cambria,"
    "Georgia,serif;color:var(--ink);background:#fff}\n"
    "h1{font-size:1.9rem;line-height:1.2;margin:0 0 1.5rem;"
    "font-weight:600}\n"
    "h2{font-size:1.25rem;margin:2.8rem 0 .8rem;padding-top:.8rem;"
    "border-top:1px solid var(--rule);font-weight:600}\n"
    "p{margin:.7rem 0;max-width:48rem}\n"
    "p.note{border-left:4px solid var(--mark);background:var(--tint);"
    "padding:.6rem .9rem}\n"
    "p.none{color:var(--soft)}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;"
    "gap:.15rem 1.2rem;margin:.8rem 0}\n"
    "dt{color:var(--soft)}\n"
    "dd{margin:0}\n"
    ".wide{overflow-x:auto;margin:1.2rem 0}\n"
    "table{border-collapse:collapse;font:13px/1.45 'DejaVu Sans',Verdana,"
    "'Helvetica Neue',Arial,sans-serif;font-variant-numeric:tabular-nums;"
    "border-top:1.5px solid var(--ink);border-bottom:1.5px solid "
    "var(--ink)}\n"
    "caption{caption-side:top;text-align:left;padding:0 0 .45rem;"
    "font:italic 15px/1.45 Charter,'Bitstream Charter',Cambria,Georgia,"
    "serif;color:var(--ink)}\n"
    "th,td{padding:.16rem .7rem;text-align:right;white-space:nowrap}\n"
    "th:first-child,td:first-child{padding-left:.2rem}\n"
    "th{font-weight:600;border-bottom:1px solid var(--ink)}\n"
    ".l{text-align:left}\n"
    "tr.rule td{border-top:1px solid var(--rule)}\n"
    "tbody tr:hover{background:var(--tint)}\n"
    "figure{margin:1.8rem 0}\n"
    "figure svg{width:100%;height:auto;max-width:100%}\n"
    "figcaption{font-style:italic;font-size:15px;max-width:48rem}\n"
    "@page{size:A4;margin:15mm}\n"
    "@media print{body{padding:0;font-size:10pt}h1{font-size:16pt}"
    "h2{font-size:12.5pt;margin-top:1.6rem;break-after:avoid}"
    "figure,.wide{break-inside:avoid}table{font-size:7pt}caption,figcaption{"
    "font-size:9.5pt}th,td{padding:.1rem .38rem}}\n";

static void escaped(const char *s, struct buf *out)
{
    table_escape(s, strlen(s), out);
}

static void tagged(const char *open, const char *s, const char *close,
                   struct buf *out)
{
    buf_puts(out, open);
    escaped(s, out);
    buf_puts(out, close);
}

static void block_html(const struct doc *d, int i, struct buf *out)
{
    const struct block *b = &d->b[i];

    switch (b->type) {
    case BLOCK_HEADING:
        tagged("<h2>", b->text, "</h2>\n", out);
        break;
    case BLOCK_PARA:
        tagged("<p>", b->text, "</p>\n", out);
        break;
    case BLOCK_NOTE:
        tagged("<p class=\"note\">", b->text, "</p>\n", out);
        break;
    case BLOCK_FACT:
        if (!i || d->b[i - 1].type != BLOCK_FACT)
            buf_puts(out, "<dl>\n");
        tagged("<dt>", b->key, "</dt>", out);
        tagged("<dd>", b->text, "</dd>\n", out);
        if (i + 1 == d->n || d->b[i + 1].type != BLOCK_FACT)
            buf_puts(out, "</dl>\n");
        break;
    case BLOCK_TABLE:
        buf_puts(out, "<div class=\"wide\">\n");
        table_html(b->table, out);
        buf_puts(out, "</div>\n");
        break;
    case BLOCK_ASIDE:
        break;
    case BLOCK_PLOT:
        buf_printf(out, "<figure>\n<!--plot %s-->\n", b->key);
        tagged("<figcaption>", b->text, "</figcaption>\n</figure>\n", out);
        break;
    }
}

void doc_html(const struct doc *d, struct buf *out)
{
    buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                  "<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, "
                  "initial-scale=1\">\n");
    tagged("<title>", d->title, "</title>\n<style>\n", out);
    buf_puts(out, style);
    buf_puts(out, "</style>\n</head>\n<body>\n");
    tagged("<h1>", d->title, "</h1>\n", out);
    for (int i = 0; i < d->n; i++)
        block_html(d, i, out);
    buf_puts(out, "</body>\n</html>\n");
}
