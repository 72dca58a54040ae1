/* filter - what all filters share: options, input, output, bad records
 *
 *     struct filter f = FILTER_INIT;
 *     ... { OPT_GROUP, .dst = ... } uses filter_opts(&f) ...
 *     filter_open(&f, "kl", "rollouts", args, n_args, &e)
 *     while ((r = filter_read(&f, &rec, &e)) > 0)
 *         r = work(rec, &e); filter_write(&f, rec, r, &e)
 *     filter_close(&f, &e)
 *
 * --skip-bad N: up to N records whose work failed with ERR_DATA are left out
 * and counted; one more ends the run with exit 3. Zero records in is an error
 * unless --allow-empty.
 */
#ifndef ULP_RECORD_FILTER_H
#define ULP_RECORD_FILTER_H
#include "../base/cli.h"
#include "rec.h"
#include "parts.h"

struct filter {
    /* options */
    const char *out, *split;
    int json, quiet, allow_empty;
    uint64_t limit, skip_bad;
    /* state; read-only to callers */
    struct rec_reader *in;
    struct rec_writer *w; /* or parts, with split */
    struct parts *parts;
    uint64_t n_read, n_written, n_skipped;
    int n_inputs, at;
    char **inputs;
    char kind[32], tool[32];
    int header_done, hold;
    char first_bad[512];
};

/* The state before options are parsed: output to stdout. */
#define FILTER_INIT                                                            \
    {                                                                          \
        .out = "-"                                                             \
    }

/* -o, --split, --json, --quiet, --limit, --skip-bad, --allow-empty writing into *f;
 * the array is static inside and belongs to one filter at a time. */
const struct opt *filter_opts(struct filter *f);

/* inputs: positional arguments, read one after the other; none = stdin. */
int filter_open(struct filter *f, const char *tool, const char *kind,
                char **inputs, int n_inputs, struct err *e) MUST_CHECK;
/* The input alone, for an output that is no stream. */
int filter_open_input(struct filter *f, const char *tool, char **inputs,
                      int n_inputs, struct err *e) MUST_CHECK;
/* As rec_made_by, for every part of the output; between filter_open and the
 * first record. */
void filter_made_by(struct filter *f, const char *key, const char *value);
/* As rec_read; honours --limit and moves on to the next input. A record with a
 * number that is not finite is a bad one. */
int filter_read(struct filter *f, struct rec **rec, struct err *e) MUST_CHECK;
/* As rec_ready. */
int filter_ready(const struct filter *f);
/* Writes rec (the header first, before the first record). */
int filter_write(struct filter *f, const struct rec *rec,
                 struct err *e) MUST_CHECK;
/* A record was bad (e holds the ERR_DATA): 0 when --skip-bad still covers
 * it, the error otherwise. */
int filter_skip(struct filter *f, struct err *e) MUST_CHECK;
/* Says on stderr how many records were skipped, and the first reason. */
void filter_say_skipped(const struct filter *f);
/* That, and ends the output. */
int filter_close(struct filter *f, struct err *e) MUST_CHECK;
/* After filter_open: records go to a waiting reader together (rec_hold), and
 * those kept before each wait for input. For filters that take little time a
 * record. */
void filter_hold(struct filter *f);
/* As rec_flush. */
int filter_flush(struct filter *f, int due, struct err *e) MUST_CHECK;
/* After an error: drops the output. */
void filter_abort(struct filter *f);

#endif
