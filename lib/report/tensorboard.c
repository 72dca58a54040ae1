/* tensorboard - numbers of runs as event files */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/file.h"
#include "event.h"
#include "numbers.h"
#include "set.h"
#include "tensorboard.h"

/* "ARM_seedN_drawR" where the record does not say. */
static void name_run(const struct numbers *n, const struct place *p,
                     char name[static 256])
{
    if (p->run >= 0) {
        snprintf(name, 256, "%.200s", numbers_word(n, p->run));
    } else {
        int at = snprintf(name, 256, "%.150s", numbers_word(n, p->arm));

        if (p->seed >= 0)
            at += snprintf(name + at, (size_t)(256 - at), "_seed%" PRId64,
                           p->seed);
        if (p->draw)
            snprintf(name + at, (size_t)(256 - at), "_draw%" PRId64, p->draw);
    }
    for (char *s = name; *s; s++)
        if (*s == '/')
            *s = '_';
    if (*name == '.')
        *name = '_';
}

/* What stands before a field's name: "train", "eval/TASK", ... */
static void put_group(struct buf *b, const struct numbers *n,
                      const struct place *p)
{
    const char *kind = numbers_word(n, p->kind);

    if (p->step >= 0)
        buf_puts(b, "train");
    else if (!strcmp(kind, "scores"))
        buf_puts(b, "eval");
    else if (!strcmp(kind, "kl_scores"))
        buf_puts(b, "kl");
    else
        buf_puts(b, *kind ? kind : "other");
    if (p->task >= 0)
        buf_printf(b, "/%s", numbers_word(n, p->task));
    if (p->scope >= 0)
        buf_printf(b, "/%s", numbers_word(n, p->scope));
    if (p->part >= 0)
        buf_printf(b, "/%s", numbers_word(n, p->part));
    if (p->layer >= 0)
        buf_printf(b, "/%" PRId64, p->layer);
    if (p->tensor >= 0)
        buf_printf(b, "/%s", numbers_word(n, p->tensor));
}

static void put_place(struct buf *b, const struct numbers *n,
                      const struct place *p, int64_t step)
{
    struct event v;

    event_open(&v, (double)step, step);
    for (size_t i = 0; i < p->n; i++) {
        const struct number *x = &n->v[p->first + i];
        struct buf tag = {0};

        put_group(&tag, n, p);
        buf_printf(&tag, "/%s", n->fields.v[x->field]);
        event_scalar(&v, buf_str(&tag), (float)x->v);
        buf_free(&tag);
    }
    event_close(&v, b);
}

/* The places of a run by their step; those without one come last, at the
 * run's last step. */
static int write_run(const struct numbers *n, const char *dir, const char *run,
                     struct err *e)
{
    struct buf b = {0};
    int64_t last = 0;
    char path[4096], name[256];
    int r;

    event_version(&b);
    for (int with_step = 1; with_step >= 0; with_step--)
        for (size_t i = 0; i < n->n_at; i++) {
            const struct place *p = &n->at[i];

            name_run(n, p, name);
            if (strcmp(name, run) || (p->step >= 0) != with_step)
                continue;
            last = p->step > last ? p->step : last;
            put_place(&b, n, p, with_step ? p->step : last);
        }
    snprintf(path, sizeof path, "%s/%s", dir, run);
    r = file_mkdirs(path, e);
    snprintf(path, sizeof path, "%s/%s/events.out.tfevents.0.ulp", dir, run);
    if (!r)
        r = file_put(path, b.p, b.n, e);
    buf_free(&b);
    return r;
}

static int read_all(struct filter *f, const struct cli_list *sets,
                    struct numbers *n, struct err *e)
{
    struct rec *rec;
    int r;

    while ((r = filter_read(f, &rec, e)) > 0) {
        set_apply(sets, rec);
        r = numbers_add(n, f->in, rec, e);
        if (!r && n->at[n->n_at - 1].run < 0 && n->at[n->n_at - 1].arm < 0)
            r = rec_bad(rec, e,
                        "neither run nor arm (stats --set run=NAME "
                        "puts it there)");
        if (r)
            break;
    }
    return r;
}

int stage_tensorboard(struct filter *f, const struct cli_list *sets,
                      const char *dir, char **inputs, int n_inputs,
                      struct err *e)
{
    struct numbers n = {0};
    struct names runs = {0};
    char name[256];
    int r = filter_open_input(f, "stats", inputs, n_inputs, e);

    if (!r)
        r = read_all(f, sets, &n, e);
    if (!r)
        filter_say_skipped(f);
    rec_close(&f->in);
    numbers_sort(&n);
    for (size_t i = 0; !r && i < n.n_at; i++) {
        name_run(&n, &n.at[i], name);
        names_add(&runs, name);
    }
    for (size_t i = 0; !r && i < runs.n; i++)
        r = write_run(&n, dir, runs.v[i], e);
    names_free(&runs);
    numbers_free(&n);
    return r;
}
