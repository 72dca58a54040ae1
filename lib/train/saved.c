/* saved - checkpoints and parts of the outputs; see saved.h */
#include "saved.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/clock.h"
#include "../base/file.h"
#include "dir.h"

static const char *const begin_of[SAVED_KINDS] = {"metrics-", "rollouts-"};
static const char *const end_of[SAVED_KINDS] = {".msgpack", ".msgpack.zst"};
static const char *const checkpoint = "step-";

struct saved {
    char *dir, *last; /* the checkpoint saved last, or NULL */
    struct comm *comm;
    double every_s, last_s;
    int64_t begun; /* the step that the open parts begin with */
    /* steps that the whole ones begin with, growing */
    int64_t *part[SAVED_KINDS];
    size_t n_parts[SAVED_KINDS];
    struct rec_writer *w[SAVED_KINDS]; /* the open ones */
};

static char *name_of(const struct saved *s, const char *begin, int64_t step,
                     const char *end)
{
    char name[80];

    snprintf(name, sizeof name, "%s%09lld%s", begin, (long long)step, end);
    return file_in(s->dir, name);
}

static char *part_name(const struct saved *s, enum saved_kind kind,
                       int64_t step)
{
    return name_of(s, begin_of[kind], step, end_of[kind]);
}

/* 1: name is begin, a number, end. */
static int parse(const char *name, const char *begin, const char *end,
                 int64_t *step)
{
    size_t n = strlen(begin);
    char *rest;

    if (strncmp(name, begin, n) || name[n] < '0' || name[n] > '9')
        return 0;
    *step = strtoll(name + n, &rest, 10);
    return !strcmp(rest, end);
}

/* Checkpoints from `low` on, but for that of step `but`, and those of any step
 * that a kill left half-written. */
static int remove_checkpoints(const struct saved *s, int64_t low, int64_t but,
                              struct err *e)
{
    DIR *d = opendir(s->dir);
    struct dirent *f;
    int64_t found;
    int r = 0;

    if (!d)
        return err_errno(e, ERR_IO, "%s", s->dir);
    while (!r && (f = readdir(d))) {
        int left = parse(f->d_name, checkpoint, ".tmp", &found);

        if (left || (parse(f->d_name, checkpoint, "", &found) && found >= low &&
                     found != but)) {
            char *path = file_in(s->dir, f->d_name);

            r = left ? dir_remove_left(path, e) : dir_remove(path, e);
            free(path);
        }
    }
    closedir(d);
    return r;
}

/* ---- opening --------------------------------------------------------- */

static int by_step(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int remove_part(const struct saved *s, enum saved_kind kind,
                       int64_t step, struct err *e)
{
    char *path = part_name(s, kind, step);
    int r = unlink(path) ? err_errno(e, ERR_IO, "%s", path) : 0;

    free(path);
    return r;
}

static int take_name(struct saved *s, const char *name, int64_t step,
                     struct err *e)
{
    int64_t found;

    for (enum saved_kind k = 0; k < SAVED_KINDS; k++)
        if (parse(name, begin_of[k], end_of[k], &found)) {
            if (found >= step)
                return remove_part(s, k, found, e);
            s->part[k] = xrealloc(s->part[k], s->n_parts[k] + 1,
                                  sizeof *s->part[k]);
            s->part[k][s->n_parts[k]++] = found;
        }
    return 0;
}

static int list(struct saved *s, int64_t step, struct err *e)
{
    DIR *d = opendir(s->dir);
    struct dirent *f;
    int r = 0;

    if (!d)
        return err_errno(e, ERR_IO, "%s", s->dir);
    while (!r && (f = readdir(d)))
        r = take_name(s, f->d_name, step, e);
    closedir(d);
    for (int k = 0; k < SAVED_KINDS; k++)
        if (s->n_parts[k])
            qsort(s->part[k], s->n_parts[k], sizeof *s->part[k], by_step);
    return r;
}

/* Then those before it are what a kill left of them. */
static int has_checkpoint(const struct saved *s, int64_t step)
{
    char *path = name_of(s, checkpoint, step, "");
    int yes = file_exists(path);

    free(path);
    return yes;
}

int saved_open(struct saved **out, const char *dir, int64_t step,
               double every_s, struct comm *c, struct err *e)
{
    struct saved *s;
    int r;

    *out = NULL;
    if (!dir)
        return 0;
    s = *out = xcalloc(1, sizeof *s);
    s->dir = xstrdup(dir);
    s->comm = c;
    s->every_s = every_s;
    s->last_s = clock_s(CLOCK_MONOTONIC);
    s->begun = step;
    if (comm_rank(c))
        return 0;
    r = file_mkdirs(dir, e);
    if (!r) /* before their parts: one without them must not be gone on from */
        r = remove_checkpoints(s, has_checkpoint(s, step) ? 0 : step + 1, step,
                               e);
    return r ? r : list(s, step, e);
}

void saved_close(struct saved **s)
{
    if (!*s)
        return;
    for (int k = 0; k < SAVED_KINDS; k++) {
        rec_abort(&(*s)->w[k]);
        free((*s)->part[k]);
    }
    free((*s)->dir);
    free((*s)->last);
    free(*s);
    *s = NULL;
}

int saved_has(const struct saved *s)
{
    return s && s->n_parts[SAVED_METRICS] > 0;
}

/* ---- records --------------------------------------------------------- */

static int copy_part(const char *path, struct rec_writer *w, int header,
                     struct err *e)
{
    struct rec_reader *in;
    struct rec *rec;
    int r = rec_open(&in, path, e);

    if (r)
        return r;
    if (header)
        r = rec_header_copy(w, in, e);
    while (!r && (r = rec_read(in, &rec, e)) > 0)
        r = rec_write(w, rec, e);
    rec_close(&in);
    return r;
}

int saved_take_over(const struct saved *s, enum saved_kind kind,
                    struct rec_writer *w, struct err *e)
{
    int r = 0;

    if (!s || !s->n_parts[kind])
        return 0;
    for (size_t i = 0; !r && i < s->n_parts[kind]; i++) {
        char *path = part_name(s, kind, s->part[kind][i]);

        r = copy_part(path, w, kind == SAVED_ROLLOUTS && i == 0, e);
        free(path);
    }
    return r ? r : 1;
}

int saved_add(struct saved *s, enum saved_kind kind, const struct rec *rec,
              const struct rec_reader *from, struct err *e)
{
    char *path;
    int r;

    if (!s)
        return 0;
    if (!s->w[kind]) {
        path = part_name(s, kind, s->begun);
        r = rec_create(&s->w[kind], path, REC_MSGPACK, e);
        if (!r)
            r = rec_header(s->w[kind],
                           kind == SAVED_METRICS ? "metrics" : "rollouts",
                           "dapo-step", from, e);
        free(path);
        if (r)
            return r;
    }
    return rec_write(s->w[kind], rec, e);
}

/* ---- saving ---------------------------------------------------------- */

/* Rank 0's clock says for all; -1: an error. */
static int is_time(const struct saved *s, struct err *e)
{
    int now = !comm_rank(s->comm) &&
              clock_s(CLOCK_MONOTONIC) - s->last_s >= s->every_s;
    int r = comm_bcast(s->comm, 0, &now, sizeof now, e);

    return r ? r : now;
}

/* The open parts become whole; the next begin with `step`. */
static int end_parts(struct saved *s, int64_t step, struct err *e)
{
    int r = 0;

    for (int k = 0; !r && k < SAVED_KINDS; k++)
        if (s->w[k])
            r = rec_commit(&s->w[k], e);
    s->begun = step;
    return r;
}

const char *saved_from(const struct saved *s, const char *model)
{
    return s && s->last ? s->last : model;
}

int saved_step(struct saved *s, const char *model, const struct adamw *a,
               struct train_state *st, struct err *e)
{
    char *path;
    int r;

    if (!s)
        return 0;
    r = is_time(s, e);
    if (r <= 0)
        return r;
    r = comm_rank(s->comm) ? 0 : end_parts(s, st->step, e);
    path = name_of(s, checkpoint, st->step, "");
    if (!r)
        r = checkpoint_write(path, saved_from(s, model), a, st, e);
    free(s->last);
    s->last = path;
    if (!r && !comm_rank(s->comm)) /* the new one is whole */
        r = remove_checkpoints(s, 0, st->step, e);
    s->last_s = clock_s(CLOCK_MONOTONIC);
    return r;
}
