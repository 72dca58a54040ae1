/* doc_html - a page's blocks as HTML */
#include <string.h>
#include "doc.h"
#include "doc_impl.h"

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

static void block_html(const struct doc *d, int i, const struct doc_hook *hook,
                       struct buf *out)
{
    const struct block *b = &d->b[i];

    switch (b->type) {
    case BLOCK_HEADING:
        hook->part(hook->ctx, DOC_HEADING, b->text);
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
        /* outside of the table, which may be narrower than its text */
        buf_printf(out, "<p class=\"caption\" id=\"c-%s\">", b->table->name);
        tagged("", b->table->caption, "</p>\n<div class=\"wide\">\n", out);
        table_html(b->table, out);
        buf_puts(out, "</div>\n");
        hook->part(hook->ctx, DOC_TABLE, b->table->name);
        break;
    case BLOCK_ASIDE:
        break;
    case BLOCK_PLOT:
        buf_printf(out, "<figure class=\"paper\">\n<!--plot %s-->\n", b->key);
        tagged("<figcaption>", b->text, "</figcaption>\n</figure>\n", out);
        hook->part(hook->ctx, DOC_PLOT, b->key);
        break;
    }
}

void doc_html(const struct doc *d, const struct doc_hook *hook, struct buf *out)
{
    for (int i = 0; i < d->n; i++)
        block_html(d, i, hook, out);
}

const char *doc_title(const struct doc *d)
{
    return d->title;
}

const char *doc_heading_at(const struct doc *d, int i)
{
    for (int k = 0; k < d->n; k++)
        if (d->b[k].type == BLOCK_HEADING && !i--)
            return d->b[k].text;
    return NULL;
}
