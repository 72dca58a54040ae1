/* show - look at a stream of records as text
 *
 * in      any stream: msgpack, JSON lines, zstd and gzip of them
 * out     text: records, one field per column, headers, a table of fields
 * memory  one record; with --sort those wanted (lib/record/select.h)
 * order   preserved, or that of --sort
 */
#include <sys/ioctl.h>
#include <unistd.h>
#include "../lib/base/file.h"
#include "../lib/record/columns.h"
#include "../lib/record/fields.h"
#include "../lib/record/select.h"
#include "../lib/record/view.h"
#include "../lib/report/answers.h"
#include "../lib/text/tok.h"
#include "main.h"

static struct {
    int header, fields, count, json, records, html, names, width, lines;
    struct cli_list field;
    const char *tokenizer, *out;
    struct select_opts select;
} o = {.lines = 12};

static const struct opt opts[] = {
    {OPT_HEADING, NULL, 0, NULL, NULL, "Which records", 0, 0},
    {OPT_STR, "where", 0, &o.select.where, "CONDITION",
     "only records that meet it: 'correct == 0 and task == \"gsm8k\"'", 0, 0},
    {OPT_STR, "sort", 0, &o.select.sort, "FIELD",
     "in ascending order of this field, or len(FIELD); -FIELD: descending; "
     "records without it last",
     0, 0},
    {OPT_U64, "top", 0, &o.select.top, "N",
     "of them the N with the largest --sort field, in the order of --sort; "
     "0 means all",
     0, 0},
    {OPT_U64, "head", 0, &o.select.head, "N",
     "the first N of these records only; 0 means all", 0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "What of them", 0, 0},
    {OPT_LIST, "field", 0, &o.field, "PATH,...",
     "these fields (or len(PATH)), one line per record with tabs between "
     "them; may be given again",
     0, 0},
    {OPT_FLAG, "names", 0, &o.names, NULL,
     "with --field: their names in a first line", 0, 0},
    {OPT_FLAG, "json", 0, &o.json, NULL, "the records as JSON lines", 0, 0},
    {OPT_FLAG, "records", 0, &o.records, NULL,
     "the records as a stream, for the next program", 0, 0},
    {OPT_FLAG, "html", 0, &o.html, NULL,
     "the records as one HTML page: prompts, answers and responses to read", 0,
     0},
    {OPT_STR, "output", 'o', &o.out, "FILE",
     "write that stream (or --json, --html) to FILE, whole or not at all; a name "
     "ending in .zst is compressed",
     0, 0},
    {OPT_FLAG, "header", 0, &o.header, NULL,
     "headers and how the stream was made, and no records", 0, 0},
    {OPT_FLAG, "fields", 0, &o.fields, NULL,
     "a table of the fields: types, counts, ranges of numbers, lengths", 0, 0},
    {OPT_FLAG, "count", 0, &o.count, NULL, "the number of records", 0, 0},
    {OPT_HEADING, NULL, 0, NULL, NULL, "How they look", 0, 0},
    {OPT_INT, "width", 0, &o.width, "N",
     "columns of a line; by default those of the terminal, or 80", 20, 10000},
    {OPT_INT, "lines", 0, &o.lines, "N", "lines for one field; 0 means all", 0,
     1000000},
    {OPT_STR, "tokenizer", 0, &o.tokenizer, "DIR",
     "show prompt_tokens and response_tokens as pieces of text, too", 0, 0},
    {.type = OPT_END}};

static const struct cli cli = {
    .name = "show",
    .purpose = "look at a stream of records as text, or select from it",
    .usage = "[options] [FILE...]",
    .details =
        "Reads streams from the files, or from standard input, and prints "
        "each record as aligned fields, long ones cut short. What a stream "
        "is made of is seen from its bytes: msgpack or JSON lines, plain or "
        "compressed by zstd or gzip. A truncated stream ends with exit "
        "status 3, after the records that are whole.\n\n"
        "A CONDITION compares (== != < <= > >=) dotted names, len(NAME), "
        "numbers, strings in \" or ', true, false and null, and joins with "
        "and, or, not and parentheses; a name of other characters stands in "
        "` `. true is 1. A field that a record lacks is null: null equals "
        "null alone, and is neither less nor greater than anything. A number "
        "and a string differ, and which is less is an error. len is of an "
        "array, a map, or the bytes of a string.\n\n"
        "A name in --where, --sort or --field that no record has is an "
        "error, unless --where compares it with null.",
    .example = "show --head 1 rollouts.zst\n"
               "show --fields rollouts.zst\n"
               "show --sort -kl.token.exact --top 10 --field "
               "kl.token.exact,id,prompt kl.zst\n"
               "show --records --where 'not correct' rewarded | "
               "stats --by task 'len(response_tokens)'\n"
               "show --html --where 'not correct' -o wrong.html rewarded",
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
static void decode(void *ctx, const char *path, struct rec *r, struct buf *out)
{
    const struct tok *t = ctx;
    struct rec_i32s ids;
    struct err e;

    if ((!strcmp(path, "prompt_tokens") || !strcmp(path, "response_tokens")) &&
        rec_get_i32s(r, path, &ids, &e) > 0)
        tok_pieces(t, ids.v, ids.n, out);
}

struct show {
    uint64_t n; /* records shown */
    struct select *select;
    struct fields *fields;
    struct rec_writer *out;
    struct file *page; /* of --html */
    struct columns *columns;
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

static int write_page(struct show *s, struct buf *b, struct err *e)
{
    int x = file_write(s->page, b->p, b->n, e);

    buf_free(b);
    return x;
}

static int show_record(void *ctx, struct rec *r, struct err *e)
{
    struct show *s = ctx;
    struct buf b = {0};

    s->n++;
    if (o.header || o.count)
        return 0;
    if (s->fields) {
        fields_add(s->fields, r);
        return 0;
    }
    if (s->out)
        return rec_write(s->out, r, e);
    if (s->page) {
        answers_add(&b, r, s->n);
        return write_page(s, &b, e);
    }
    if (s->columns)
        columns_line(s->columns, r, &b);
    else
        view_record(&b, r, s->n, &s->view);
    print(&b);
    return flush_stdout(e);
}

static int show_input(struct show *s, const char *path, int first,
                      struct err *e)
{
    struct rec_reader *in;
    struct rec *r;
    int x = rec_open(&in, path, e), shown = 0;

    if (x < 0)
        return x;
    if (first && s->out) {
        select_made_by(&o.select, s->out);
        x = rec_header(s->out, rec_kind(in), "show", in, e);
    }
    while (!x && !select_full(s->select)) {
        x = rec_read(in, &r, e);
        if (x >= 0 && o.header && rec_streams(in) > shown) {
            shown = rec_streams(in);
            show_header(in);
        }
        if (x <= 0)
            break;
        columns_see(s->columns, r);
        x = select_add(s->select, r, e);
        if (x > 0)
            x = show_record(s, r, e);
    }
    rec_close(&in);
    return x < 0 ? x : 0;
}

static int check_options(struct err *e)
{
    int stream = o.records || o.json || o.html || o.out;

    if (o.header + o.fields + o.count + stream + (o.field.n > 0) > 1 ||
        o.records + o.json + o.html > 1)
        return err_set(e, ERR_USAGE,
                       "--header, --fields, --count, --json, "
                       "--html, --records (or -o) and --field exclude each "
                       "other");
    if (o.names && !o.field.n)
        return err_set(e, ERR_USAGE, "--names needs --field");
    return 0;
}

static int open_page(struct show *s, struct err *e)
{
    struct buf b = {0};
    int x = file_create(&s->page, o.out ? o.out : "-", e);

    if (x)
        return x;
    answers_begin(&b, "Responses");
    return write_page(s, &b, e);
}

static int close_page(struct show *s, struct err *e)
{
    struct buf b = {0};
    int x;

    answers_end(&b, s->n);
    x = write_page(s, &b, e);
    return x ? x : file_commit(&s->page, e);
}

static int open_outputs(struct show *s, struct err *e)
{
    int x = check_options(e);

    if (!x)
        x = select_open(&s->select, &o.select, e);
    if (!x && o.html)
        x = open_page(s, e);
    else if (!x && (o.json || o.records || o.out))
        x = rec_create(&s->out, o.out ? o.out : "-",
                       o.json ? REC_JSON : REC_AUTO, e);
    if (!x)
        x = columns_open(&s->columns, &o.field, e);
    if (!x && o.names) {
        struct buf b = {0};

        columns_names(s->columns, &b);
        print(&b);
    }
    if (!x && o.fields)
        s->fields = fields_open();
    return x;
}

static int run(char **args, int n_args, struct show *s, struct err *e)
{
    int x = open_outputs(s, e);

    for (int i = 0; i < (n_args ? n_args : 1) && !x; i++)
        x = show_input(s, n_args ? args[i] : "-", !i, e);
    if (!x)
        x = select_end(s->select, show_record, s, e);
    if (!x)
        x = columns_check(s->columns, !select_full(s->select), e);
    if (x < 0)
        return x;
    if (s->fields) {
        struct buf b = {0};

        fields_table(s->fields, &b);
        print(&b);
    }
    if (o.count)
        printf("%llu\n", (unsigned long long)s->n);
    if (s->page)
        return close_page(s, e);
    return s->out ? rec_commit(&s->out, e) : 0;
}

int main(int argc, char **argv)
{
    char **args;
    int n = start(&cli, argc, argv, &args), x = 0;
    struct err e = {0};
    struct show s = {.view = {.width = columns(), .lines = o.lines}};
    struct tok *tok = NULL;

    if (o.tokenizer) {
        x = tok_open(&tok, o.tokenizer, &e);
        s.view.decode = decode;
        s.view.ctx = tok;
    }
    if (!x)
        x = run(args, n, &s, &e);
    columns_close(&s.columns);
    fields_close(&s.fields);
    select_close(&s.select);
    rec_abort(&s.out);
    file_abort(&s.page);
    tok_close(&tok);
    if (x < 0) {
        fflush(stdout);
        return fail(&cli, &e);
    }
    return finish(&cli);
}
