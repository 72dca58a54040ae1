/* show - look at a stream of records as text
 *
 * in      any stream: msgpack, JSON lines, zstd and gzip of them
 * out     text: records, one field per column, headers, a table of fields
 * memory  one record
 * order   preserved
 */
#include <sys/ioctl.h>
#include <unistd.h>
#include "../lib/record/fields.h"
#include "../lib/record/view.h"
#include "../lib/text/tok.h"
#include "main.h"

static struct {
    int header, fields, count, json, width, lines;
    uint64_t head;
    struct cli_list field;
    const char *tokenizer;
} o = { .lines = 12 };

static const struct opt opts[] = {
    { OPT_FLAG, "header", 0, &o.header, NULL,
      "headers and how the stream was made, and no records", 0, 0 },
    { OPT_FLAG, "fields", 0, &o.fields, NULL,
      "a table of the fields: types, counts, ranges of numbers, lengths", 0,
      0 },
    { OPT_FLAG, "count", 0, &o.count, NULL, "the number of records", 0, 0 },
    { OPT_FLAG, "json", 0, &o.json, NULL, "the records as JSON lines", 0, 0 },
    { OPT_LIST, "field", 0, &o.field, "PATH",
      "this field, one line per record; given again, more columns with tabs "
      "between them", 0, 0 },
    { OPT_U64, "head", 0, &o.head, "N",
      "the first N records only; 0 means all", 0, 0 },
    { OPT_INT, "width", 0, &o.width, "N",
      "columns of a line; by default those of the terminal, or 80", 20,
      10000 },
    { OPT_INT, "lines", 0, &o.lines, "N",
      "lines for one field; 0 means all", 0, 1000000 },
    { OPT_STR, "tokenizer", 0, &o.tokenizer, "DIR",
      "show prompt_tokens and response_tokens as pieces of text, too", 0, 0 },
    { .type = OPT_END }
};

static const struct cli cli = {
    .name = "show",
    .purpose = "look at a stream of records as text",
    .usage = "[options] [FILE...]",
    .details =
        "Reads streams from the files, or from standard input, and prints "
        "each record as aligned fields, long ones cut short. What a stream "
        "is made of is seen from its bytes: msgpack or JSON lines, plain or "
        "compressed by zstd or gzip. A stream that was cut ends with exit "
        "status 3, after the records before the cut.",
    .example = "show --head 1 rollouts.zst\n"
               "show --fields rollouts.zst\n"
               "show --field id --field reward < rewarded | sort -k2n",
    .see_also = "stats, lib/record/SCHEMA.md",
    .opts = opts,
    .max_args = -1,
};

static int columns(void)
{
    struct winsize w;

    if (o.width)
        return o.width;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
        return w.ws_col;
    return 80;
}

/* prompt_tokens and response_tokens are text as well */
static void decode(void *ctx, const char *path, struct rec *r,
                   struct buf *out)
{
    const struct tok *t = ctx;
    struct rec_i32s ids;
    struct err e;

    if ((!strcmp(path, "prompt_tokens") || !strcmp(path, "response_tokens")) &&
        rec_get_i32s(r, path, &ids, &e) > 0)
        tok_pieces(t, ids.v, ids.n, out);
}

struct show {
    uint64_t n; /* records of all inputs */
    struct fields *fields;
    struct rec_writer *json;
    struct view view;
};

static void print(struct buf *b)
{
    fwrite(b->p, 1, b->n, stdout);
    buf_free(b);
}

static void show_header(const struct rec_reader *in)
{
    struct buf b = {0};

    view_header(&b, in);
    print(&b);
}

static int show_record(struct show *s, struct rec *r, struct err *e)
{
    struct buf b = {0};

    if (o.header || o.count)
        return 0;
    if (s->fields) {
        fields_add(s->fields, r);
        return 0;
    }
    if (s->json)
        return rec_write(s->json, r, e);
    for (int i = 0; i < o.field.n; i++) {
        buf_puts(&b, i ? "\t" : "");
        view_plain(&b, r, o.field.v[i]);
    }
    if (o.field.n)
        buf_puts(&b, "\n");
    else
        view_record(&b, r, s->n, &s->view);
    print(&b);
    return flush_stdout(e);
}

static int show_input(struct show *s, const char *path, struct err *e)
{
    struct rec_reader *in;
    struct rec *r;
    int x = rec_open(&in, path, e), shown = 0;

    if (x < 0)
        return x;
    while (!o.head || s->n < o.head) {
        x = rec_read(in, &r, e);
        if (x >= 0 && o.header && rec_streams(in) > shown) {
            shown = rec_streams(in);
            show_header(in);
        }
        if (x <= 0)
            break;
        s->n++;
        x = show_record(s, r, e);
        if (x < 0)
            break;
    }
    rec_close(&in);
    return x < 0 ? x : 0;
}

static int run(char **args, int n_args, struct show *s, struct err *e)
{
    int x = 0;

    if (o.header + o.fields + o.count + o.json + (o.field.n > 0) > 1)
        return err_set(e, ERR_USAGE, "--header, --fields, --count, --json "
                       "and --field exclude each other");
    if (o.json && ((x = rec_create(&s->json, "-", REC_JSON, e)) < 0 ||
                   (x = rec_header(s->json, "", "show", NULL, e)) < 0))
        return x;
    if (o.fields)
        s->fields = fields_open();
    for (int i = 0; i < (n_args ? n_args : 1) && !x; i++)
        x = show_input(s, n_args ? args[i] : "-", e);
    if (x < 0)
        return x;
    if (s->fields) {
        struct buf b = {0};

        fields_table(s->fields, &b);
        print(&b);
    }
    if (o.count)
        printf("%llu\n", (unsigned long long)s->n);
    return s->json ? rec_commit(&s->json, e) : 0;
}

int main(int argc, char **argv)
{
    char **args;
    int n = start(&cli, argc, argv, &args), x = 0;
    struct err e = {0};
    struct show s = { .view = { .width = columns(), .lines = o.lines } };
    struct tok *tok = NULL;

    if (o.tokenizer) {
        x = tok_open(&tok, o.tokenizer, &e);
        s.view.decode = decode;
        s.view.ctx = tok;
    }
    if (!x)
        x = run(args, n, &s, &e);
    fields_close(&s.fields);
    rec_abort(&s.json);
    tok_close(&tok);
    if (x < 0) {
        fflush(stdout);
        return fail(&cli, &e);
    }
    return finish(&cli);
}
