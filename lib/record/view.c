/* view - a record as text for people: aligned fields, long values cut short */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "../base/json_text.h"
#include "view.h"
#include "walk.h"

struct page {
    struct buf *b;
    struct rec *r;
    const struct view *v;
    int name_width; /* of the longest path */
    int width;      /* for values */
};

/* Bytes of the character at s; at least 1. */
static size_t char_bytes(const char *s, size_t n)
{
    size_t k = 1;

    while (k < n && ((unsigned char)s[k] & 0xc0) == 0x80)
        k++;
    return k;
}

/* A rule of thumb that is right for CJK (U+3000 on) and emoji. */
static int char_columns(const char *s, size_t n)
{
    return n == 4 || (n == 3 && (unsigned char)s[0] >= 0xe3) ? 2 : 1;
}

static void end_line(struct page *p)
{
    while (p->b->n && p->b->p[p->b->n - 1] == ' ')
        p->b->n--;
    buf_puts(p->b, "\n");
}

static void begin_line(struct page *p, int *lines)
{
    if (!(*lines)++)
        return;
    end_line(p);
    buf_printf(p->b, "  %*s  ", p->name_width, "");
}

/* Text wrapped at spaces where it can be, its own line breaks kept. Control
 * characters are shown as \xNN, so that a record cannot drive a terminal. */
static void put_text(struct page *p, const char *s, size_t n)
{
    int lines = 0, more = p->v->lines;

    for (size_t i = 0; i < n || !lines;) {
        size_t from = i, space = 0;
        int x = 0;

        if (more && lines == more) {
            size_t left = 0;

            for (; i < n; i += char_bytes(s + i, n - i))
                left++;
            begin_line(p, &lines);
            buf_printf(p->b, "... %zu more characters", left);
            return;
        }
        begin_line(p, &lines);
        while (i < n && s[i] != '\n') {
            size_t k = char_bytes(s + i, n - i);
            int w = (unsigned char)s[i] < 0x20 || s[i] == 0x7f
                        ? 4
                        : char_columns(s + i, k);

            if (x + w > p->width && x) {
                if (space)
                    i = space;
                break;
            }
            if (s[i] == ' ')
                space = i + 1;
            x += w;
            i += k;
        }
        for (size_t j = from; j < i; j++)
            if ((unsigned char)s[j] < 0x20 || s[j] == 0x7f)
                buf_printf(p->b, "\\x%02x", (unsigned char)s[j]);
            else
                buf_put(p->b, s + j, 1);
        if (i < n && s[i] == '\n' && ++i == n)
            return;
    }
}

static int all_numbers(const struct rec_value *v)
{
    for (size_t i = 0, n = rec_value_n(v); i < n; i++) {
        enum rec_type t = rec_value_type(rec_value_at(v, i));

        if (t != REC_INT && t != REC_F32 && t != REC_F64)
            return 0;
    }
    return 1;
}

/* As many elements as one line holds, then how many more there are. */
static void put_array(struct page *p, const struct rec_value *v)
{
    size_t n = rec_value_n(v), room = (size_t)p->width;
    int short_floats = all_numbers(v);
    struct buf line = {0};

    buf_puts(&line, "[");
    for (size_t i = 0; i < n; i++) {
        const struct rec_value *o = rec_value_at(v, i);
        char num[32];
        const char *s;

        if (short_floats && rec_value_type(o) != REC_INT) {
            snprintf(num, sizeof num, "%.4g", rec_value_f64(o));
            s = num;
        } else {
            s = rec_value_json(p->r, o);
        }
        /* room for " ... NNNNN more]" */
        if (line.n + strlen(s) + 20 > room && i + 1 < n && i) {
            buf_printf(&line, ", ... %zu more", n - i);
            break;
        }
        buf_printf(&line, "%s%s", i ? ", " : "", s);
    }
    buf_puts(&line, "]");
    put_text(p, line.p, line.n);
    buf_free(&line);
}

static void put_field(void *ctx, const char *path, const struct rec_value *v)
{
    struct page *p = ctx;
    const char *s;

    buf_printf(p->b, "  %-*s  ", p->name_width, path);
    switch (rec_value_type(v)) {
    case REC_STR:
        put_text(p, rec_value_str(v), rec_value_n(v));
        break;
    case REC_ARRAY:
        put_array(p, v);
        break;
    default:
        s = rec_value_json(p->r, v);
        put_text(p, s, strlen(s));
        break;
    }
    end_line(p);
    if (p->v->decode) {
        struct buf text = {0};

        p->v->decode(p->v->ctx, path, p->r, &text);
        if (text.n) {
            buf_printf(p->b, "  %-*s  ", p->name_width, "");
            put_text(p, text.p, text.n);
            end_line(p);
        }
        buf_free(&text);
    }
}

static void measure(void *ctx, const char *path, const struct rec_value *v)
{
    struct page *p = ctx;

    (void)v;
    if ((int)strlen(path) > p->name_width)
        p->name_width = (int)strlen(path);
}

void view_record(struct buf *b, struct rec *r, uint64_t number,
                 const struct view *v)
{
    struct page p = {.b = b, .r = r, .v = v};

    buf_printf(b, "record %llu\n", (unsigned long long)number);
    rec_walk(r, measure, &p);
    if (p.name_width > 40)
        p.name_width = 40;
    p.width = v->width - p.name_width - 4;
    if (p.width < 20)
        p.width = 20;
    rec_walk(r, put_field, &p);
    buf_puts(b, "\n");
}

void view_plain(struct buf *b, struct rec *r, const char *path)
{
    const struct rec_value *v = rec_value(r, path);
    const char *s;

    if (!v || rec_value_type(v) == REC_NIL)
        return;
    if (rec_value_type(v) != REC_STR) {
        buf_puts(b, rec_value_json(r, v));
        return;
    }
    s = rec_value_str(v);
    for (size_t i = 0, n = rec_value_n(v); i < n; i++) {
        const char *e = s[i] == '\t'   ? "\\t"
                        : s[i] == '\n' ? "\\n"
                        : s[i] == '\\' ? "\\\\"
                        : s[i] == '\r' ? "\\r"
                                       : NULL;

        if (e)
            buf_puts(b, e);
        else
            buf_put(b, s + i, 1);
    }
}
