/* answers - records as articles */
#include <inttypes.h>
#include <string.h>
#include "../record/walk.h"
#include "answers.h"
#include "page_impl.h"
#include "table.h"

/* Texts that stand by themselves, in this order. */
static const struct {
    const char *field, *title;
} texts[] = {
    {"system", "System"},
    {"prompt", "Prompt"},
    {"answer", "Right answer"},
    {"response", "Response"},
    {"extracted_answer", "Answer found"},
};
enum { N_TEXTS = sizeof texts / sizeof *texts, LONGEST = 300 };

static int is_text(const char *field)
{
    for (int i = 0; i < N_TEXTS; i++)
        if (!strcmp(field, texts[i].field))
            return 1;
    return !strcmp(field, "id") || !strcmp(field, "sample") ||
           !strcmp(field, "correct");
}

void answers_begin(struct buf *b, const char *title)
{
    struct page_asset style = page_style();

    buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                "<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\""
                "default-src 'none'; style-src 'unsafe-inline'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, "
                "initial-scale=1\">\n<title>");
    table_escape(title, strlen(title), b);
    buf_puts(b, "</title>\n<style>\n");
    buf_put(b, style.p, style.n);
    buf_puts(b, "</style>\n</head>\n<body class=\"answers\">\n<main>\n<h1>");
    table_escape(title, strlen(title), b);
    buf_puts(b, "</h1>\n");
}

/* HTML has no NUL; in its place stands the sign for what cannot be shown. */
static void put_text(struct buf *b, const char *s, size_t n)
{
    for (size_t at = 0, k; at < n; at += k + 1) {
        k = strnlen(s + at, n - at);
        table_escape(s + at, k, b);
        if (at + k < n)
            buf_puts(b, "\xef\xbf\xbd");
    }
}

static void heading(struct buf *b, struct rec *rec, uint64_t number)
{
    struct rec_str id;
    int64_t sample;
    int correct;

    buf_printf(b, "<article>\n<h2>%" PRIu64, number);
    if (rec_get_text(rec, "id", &id, NULL) > 0) {
        buf_puts(b, ": ");
        put_text(b, id.s, id.n);
    }
    if (rec_get_i64(rec, "sample", &sample, NULL) > 0)
        buf_printf(b, ", sample %" PRId64, sample);
    if (rec_get_bool(rec, "correct", &correct, NULL) > 0)
        buf_printf(b, "<span class=\"%s\"></span>",
                   correct ? "right" : "wrong");
    buf_puts(b, "</h2>\n");
}

struct others {
    struct buf *b;
    struct rec *rec;
};

/* Long values (tokens, log-probabilities) are cut: show has them whole. */
static void put_field(void *ctx, const char *path, const struct rec_value *v)
{
    const struct others *o = ctx;
    const char *value = rec_value_json(o->rec, v);
    size_t n = strlen(value), cut = page_cut(value, n, LONGEST);

    if (is_text(path))
        return;
    buf_puts(o->b, "<dt>");
    table_escape(path, strlen(path), o->b);
    buf_puts(o->b, "</dt><dd>");
    table_escape(value, cut, o->b);
    if (cut < n)
        buf_printf(o->b, "... (%zu bytes)", n);
    buf_puts(o->b, "</dd>\n");
}

static void others(struct buf *b, struct rec *rec)
{
    struct others o = {b, rec};

    buf_puts(b, "<details><summary>Fields</summary>\n<dl>\n");
    rec_walk(rec, put_field, &o);
    buf_puts(b, "</dl>\n</details>\n");
}

void answers_add(struct buf *b, struct rec *rec, uint64_t number)
{
    struct rec_str s;

    heading(b, rec, number);
    for (int i = 0; i < N_TEXTS; i++) {
        if (rec_get_text(rec, texts[i].field, &s, NULL) <= 0)
            continue;
        buf_printf(b, "<h3>%s</h3>\n<pre>", texts[i].title);
        if (s.n && *s.s == '\n') /* HTML takes the first one away */
            buf_puts(b, "\n");
        put_text(b, s.s, s.n);
        buf_puts(b, "</pre>\n");
    }
    others(b, rec);
    buf_puts(b, "</article>\n");
}

void answers_end(struct buf *b, uint64_t shown)
{
    buf_printf(b,
               "<p class=\"none\">%" PRIu64 " record%s</p>\n</main>\n"
               "</body>\n</html>\n",
               shown, shown == 1 ? "" : "s");
}
