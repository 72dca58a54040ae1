/* page_sources - where the numbers come from: how each stream was made */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/json.h"
#include "page_impl.h"

static void add_source(struct page *p, const struct rec_reader *in)
{
    const struct place *x = &p->n.at[p->n.n_at - 1];
    const char *header = rec_header_json(in);

    if (!*header) /* JSON lines do not say */
        return;
    if (p->n_sources == p->cap_sources) {
        p->cap_sources = 2 * p->cap_sources + 64;
        p->source = xrealloc(p->source, p->cap_sources, sizeof *p->source);
    }
    p->source[p->n_sources++] = (struct source){x->run, x->kind,
                                                xstrdup(header)};
}

int page_see(void *ctx, const struct rec_reader *in, struct rec *rec,
             struct err *e)
{
    struct page *p = ctx;
    int r = numbers_add(&p->n, in, rec, e);

    if (r)
        return r;
    /* rec_count is 1 again in another reader that has the same address */
    if (p->last != in || p->last_stream != rec_streams(in) ||
        rec_count(in) == 1)
        add_source(p, in);
    p->last = in;
    p->last_stream = rec_streams(in);
    return 0;
}

void page_free(struct page *p)
{
    for (size_t i = 0; i < p->n_sources; i++)
        free(p->source[i].made_by);
    free(p->source);
    numbers_free(&p->n);
}

static void put(struct buf *b, const char *s)
{
    table_escape(s, strlen(s), b);
}

/* "rollout temperature=0.7 samples=2", a line a program. */
static void commands(const char *header, struct buf *b)
{
    json_t *j, *tool, *v;
    const char *key;
    size_t i;

    if (json_read_text(&j, header, strlen(header), "header", NULL) < 0)
        return;
    json_array_foreach(json_object_get(j, "made_by"), i, tool) {
        const char *name = json_string_value(json_object_get(tool, "tool"));

        put(b, name ? name : "?");
        json_object_foreach(tool, key, v) {
            if (!strcmp(key, "tool") || !json_is_string(v))
                continue;
            buf_puts(b, " ");
            put(b, key);
            buf_puts(b, "=");
            put(b, json_string_value(v));
        }
        buf_puts(b, "\n");
    }
    json_decref(j);
}

static int by_run(const void *a, const void *b, void *ctx)
{
    const struct numbers *n = ctx;
    const struct source *x = a, *y = b;
    int c = strcmp(numbers_word(n, x->run), numbers_word(n, y->run));

    c = c ? c : strcmp(numbers_word(n, x->kind), numbers_word(n, y->kind));
    return c ? c : strcmp(x->made_by, y->made_by);
}

void page_sources(const struct page *p, struct buf *b)
{
    const struct numbers *n = &p->n;
    long run = -2;

    if (!p->n_sources) {
        buf_puts(b, "<p>The records were rows without headers: they do not "
                    "say how they were made.</p>\n");
        return;
    }
    buf_puts(b, "<p>Each stream of records begins with a header that says "
                "which programs it passed through, with the arguments that "
                "determine its bytes and the digests of models and "
                "tokenizers.</p>\n");
    qsort_r(p->source, p->n_sources, sizeof *p->source, by_run, (void *)n);
    for (size_t i = 0; i < p->n_sources; i++) {
        const struct source *s = &p->source[i];

        if (s->run != run) {
            buf_puts(b, i ? "</details>\n" : "");
            buf_puts(b, "<details class=\"source\"><summary>");
            put(b,
                s->run < 0 ? "records without a run" : numbers_word(n, s->run));
            buf_puts(b, "</summary>\n");
            run = s->run;
        }
        buf_puts(b, "<h3>");
        put(b, numbers_word(n, s->kind));
        buf_puts(b, "</h3>\n<pre>");
        commands(s->made_by, b);
        buf_puts(b, "</pre>\n");
    }
    buf_puts(b, "</details>\n");
}
