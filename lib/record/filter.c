/* filter - what all filters share: options, input, output, bad records */
#include <stdio.h>
#include <string.h>
#include "../base/say.h"
#include "filter.h"

const struct opt *filter_opts(struct filter *f)
{
    static struct opt o[8];
    struct opt init[8] = {
        {.type = OPT_STR,
         .name = "output",
         .short_name = 'o',
         .dst = &f->out,
         .arg = "FILE",
         .help = "write to FILE, whole or not at all; a name ending in .zst "
                 "is compressed; - is standard output"},
        {.type = OPT_STR,
         .name = "split",
         .dst = &f->split,
         .arg = "FIELD",
         .help = "write a file for each value of FIELD; the name of -o has {} "
                 "where the value stands"},
        {.type = OPT_FLAG,
         .name = "json",
         .dst = &f->json,
         .help = "write JSON lines (the default on a terminal)"},
        {.type = OPT_U64,
         .name = "limit",
         .dst = &f->limit,
         .arg = "N",
         .help = "read N records and no more; 0 means all"},
        {.type = OPT_U64,
         .name = "skip-bad",
         .dst = &f->skip_bad,
         .arg = "N",
         .help = "leave out up to N bad records"},
        {.type = OPT_FLAG,
         .name = "allow-empty",
         .dst = &f->allow_empty,
         .help = "no records in is not an error"},
        {.type = OPT_FLAG,
         .name = "quiet",
         .dst = &f->quiet,
         .help = "no progress on stderr"},
        {.type = OPT_END}};

    memcpy(o, init, sizeof o);
    return o;
}

int filter_flush(struct filter *f, int due, struct err *e)
{
    return f->hold ? rec_flush(f->w, due, e) : 0;
}

static int on_wait(void *ctx, struct err *e)
{
    return filter_flush(ctx, 0, e);
}

void filter_hold(struct filter *f)
{
    if (!f->w)
        return;
    f->hold = 1;
    rec_hold(f->w);
    rec_on_wait(f->in, on_wait, f);
}

static int open_input(struct filter *f, struct err *e)
{
    int x = filter_flush(f, 0, e); /* a FIFO waits for its writer */

    if (!x)
        x = rec_open(&f->in, f->n_inputs ? f->inputs[f->at] : "-", e);
    if (!x && f->hold)
        rec_on_wait(f->in, on_wait, f);
    return x;
}

int filter_open_input(struct filter *f, const char *tool, char **inputs,
                      int n_inputs, struct err *e)
{
    snprintf(f->tool, sizeof f->tool, "%s", tool);
    f->inputs = inputs;
    f->n_inputs = n_inputs;
    return open_input(f, e);
}

int filter_open(struct filter *f, const char *tool, const char *kind,
                char **inputs, int n_inputs, struct err *e)
{
    enum rec_format format = f->json ? REC_JSON : REC_AUTO;
    int x = filter_open_input(f, tool, inputs, n_inputs, e);

    snprintf(f->kind, sizeof f->kind, "%s", kind);
    if (!x)
        x = f->split ? parts_open(&f->parts, f->out, f->split, format, e)
                     : rec_create(&f->w, f->out, format, e);
    if (x < 0)
        filter_abort(f);
    return x;
}

void filter_made_by(struct filter *f, const char *key, const char *value)
{
    if (f->parts)
        parts_made_by(f->parts, key, value);
    else
        rec_made_by(f->w, key, value);
}

static int header(struct filter *f, struct err *e)
{
    if (f->header_done)
        return 0;
    f->header_done = 1;
    return f->parts ? parts_header(f->parts, f->kind, f->tool, f->in, e)
                    : rec_header(f->w, f->kind, f->tool, f->in, e);
}

int filter_read(struct filter *f, struct rec **rec, struct err *e)
{
    int x;

    for (;;) {
        *rec = NULL;
        if (f->limit && f->n_read >= f->limit)
            return 0;
        x = rec_read(f->in, rec, e);
        if (x < 0)
            return x;
        if (x) {
            f->n_read++;
            if (!rec_finite(*rec, e))
                return 1;
            x = filter_skip(f, e);
            if (x < 0)
                return x;
            continue;
        }
        if (f->at + 1 >= f->n_inputs)
            break;
        /* the first input's header is kept, also when that input was empty */
        x = f->w || f->parts ? header(f, e) : 0;
        if (x < 0)
            return x;
        f->at++;
        rec_close(&f->in);
        x = open_input(f, e);
        if (x < 0)
            return x;
    }
    if (!f->n_read && !f->allow_empty)
        return err_set(e, ERR_DATA,
                       "%s: no records (--allow-empty allows "
                       "that)",
                       rec_name(f->in));
    return 0;
}

int filter_ready(const struct filter *f)
{
    return (f->limit && f->n_read >= f->limit) || rec_ready(f->in);
}

int filter_write(struct filter *f, const struct rec *rec, struct err *e)
{
    int x = header(f, e);

    if (!x)
        x = f->parts ? parts_write(f->parts, rec, e) : rec_write(f->w, rec, e);
    if (!x)
        f->n_written++;
    return x;
}

int filter_skip(struct filter *f, struct err *e)
{
    if (e->code != ERR_DATA || f->n_skipped >= f->skip_bad)
        return -e->code;
    if (!f->n_skipped++)
        snprintf(f->first_bad, sizeof f->first_bad, "%.500s", e->msg);
    e->code = 0;
    e->msg[0] = 0;
    return 0;
}

void filter_say_skipped(const struct filter *f)
{
    if (f->n_skipped)
        fprintf(say_to(), "%s: %llu bad record%s left out; the first: %s\n",
                f->tool, (unsigned long long)f->n_skipped,
                f->n_skipped == 1 ? "" : "s", f->first_bad);
}

int filter_close(struct filter *f, struct err *e)
{
    int x = header(f, e);

    if (x < 0) {
        filter_abort(f);
        return x;
    }
    filter_say_skipped(f);
    rec_close(&f->in);
    return f->parts ? parts_commit(&f->parts, e) : rec_commit(&f->w, e);
}

void filter_abort(struct filter *f)
{
    rec_close(&f->in);
    rec_abort(&f->w);
    parts_abort(&f->parts);
}
