/* tidy - rows of numbers */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "../base/file.h"
#include "../base/json_text.h"
#include "numbers.h"
#include "set.h"
#include "tidy.h"

static const char *const columns[] = {
    "kind", "run",   "arm",  "task",  "seed",   "draw",   "replicate",
    "step", "scope", "part", "layer", "tensor", "metric", "value"};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

/* A cell: text, or a whole number; neither is missing. */
struct cell {
    const char *text;
    int64_t number;
    int has;
};

static struct cell of_text(const char *s)
{
    return (struct cell){s, 0, *s != 0};
}

static struct cell of_number(int64_t v)
{
    return (struct cell){NULL, v, v >= 0};
}

static void place_cells(const struct numbers *n, const struct place *p,
                        struct cell c[N_COLUMNS - 1])
{
    const struct cell all[N_COLUMNS - 2] = {
        of_text(numbers_word(n, p->kind)),
        of_text(numbers_word(n, p->run)),
        of_text(numbers_word(n, p->arm)),
        of_text(numbers_word(n, p->task)),
        of_number(p->seed),
        of_number(p->draw),
        of_number(p->replicate),
        of_number(p->step),
        of_text(numbers_word(n, p->scope)),
        of_text(numbers_word(n, p->part)),
        of_number(p->layer),
        of_text(numbers_word(n, p->tensor)),
    };

    memcpy(c, all, sizeof all);
}

/* Whole numbers as they are, others by the fewest digits that read back. */
static void put_value(struct buf *b, double v)
{
    char text[32];

    if (v == floor(v) && fabs(v) < 1e15) {
        buf_printf(b, "%.0f", v);
        return;
    }
    json_f64(text, v);
    buf_puts(b, text);
}

static void put_tsv_text(struct buf *b, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '\t':
            buf_puts(b, "\\t");
            break;
        case '\n':
            buf_puts(b, "\\n");
            break;
        case '\\':
            buf_puts(b, "\\\\");
            break;
        default:
            buf_put(b, s, 1);
        }
}

static void put_tsv(struct buf *b, const struct cell *c, double v)
{
    for (int i = 0; i < N_COLUMNS - 1; i++) {
        if (!c[i].has)
            buf_puts(b, "NA");
        else if (c[i].text)
            put_tsv_text(b, c[i].text);
        else
            buf_printf(b, "%lld", (long long)c[i].number);
        buf_puts(b, "\t");
    }
    put_value(b, v);
    buf_puts(b, "\n");
}

static void put_json(struct buf *b, const struct cell *c, double v)
{
    buf_puts(b, "{");
    for (int i = 0; i < N_COLUMNS - 1; i++) {
        if (!c[i].has)
            continue;
        buf_printf(b, "\"%s\":", columns[i]);
        if (c[i].text)
            json_quote(b, c[i].text, strlen(c[i].text));
        else
            buf_printf(b, "%lld", (long long)c[i].number);
        buf_puts(b, ",");
    }
    buf_puts(b, "\"value\":");
    put_value(b, v);
    buf_puts(b, "}\n");
}

static void put_rows(struct buf *b, const struct numbers *n, int json)
{
    const struct place *p = &n->at[0];
    struct cell c[N_COLUMNS - 1];

    place_cells(n, p, c);
    for (size_t i = 0; i < p->n; i++) {
        const struct number *v = &n->v[p->first + i];

        c[N_COLUMNS - 2] = of_text(n->fields.v[v->field]);
        (json ? put_json : put_tsv)(b, c, v->v);
    }
}

static int write_rows(struct filter *f, const struct cli_list *sets,
                      struct file *to, struct err *e)
{
    struct numbers n = {0};
    struct buf b = {0};
    struct rec *rec;
    int r;

    for (int i = 0; i < N_COLUMNS && !f->json; i++)
        buf_printf(&b, "%s%s", columns[i], i + 1 < N_COLUMNS ? "\t" : "\n");
    while ((r = filter_read(f, &rec, e)) > 0) {
        set_apply(sets, rec);
        n.n_at = n.n_v = 0; /* the names stay */
        r = numbers_add(&n, f->in, rec, e);
        if (r)
            break;
        put_rows(&b, &n, f->json);
        r = file_write(to, b.p, b.n, e);
        if (r)
            break;
        b.n = 0;
    }
    if (!r && b.n)
        r = file_write(to, b.p, b.n, e);
    buf_free(&b);
    numbers_free(&n);
    return r;
}

int stage_tidy(struct filter *f, const struct cli_list *sets, char **inputs,
               int n_inputs, struct err *e)
{
    struct file *to = NULL;
    int r = filter_open_input(f, "stats", inputs, n_inputs, e);

    if (!r)
        r = file_create(&to, f->out, e);
    if (!r)
        r = write_rows(f, sets, to, e);
    if (!r)
        filter_say_skipped(f);
    rec_close(&f->in);
    if (!r)
        return file_commit(&to, e);
    file_abort(&to);
    return r;
}
