/* spectrum - matrices of two checkpoints, taken in turn by threads */
#include "spectrum.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "../base/arena.h"
#include "../base/cli.h"
#include "../base/pool.h"
#include "../base/progress.h"
#include "../compare/fields.h"
#include "../compare/names.h"
#include "lapack.h"
#include "totals.h"

/* Of OpenBLAS 0.3 on x86-64, a thread; little of it is used. */
#define BLAS_BUFFER ((size_t)128 << 20)

struct job {
    const struct st_tensor *before, *after;
    struct matrix out;
    int done;
};

struct spectrum {
    const struct spectrum_opts *o;
    struct st_file *base, *ckpt;
    struct job *jobs;
    size_t n_jobs, written;
    int n_layers;
    struct totals kind[KIND_OTHER + 1], all, *layer;
    struct rec_writer *w; /* of spectrum_write */
    struct rec *rec;
    struct progress *progress;
    pthread_mutex_t reading; /* of values that have to be decoded */
    pthread_mutex_t lock;    /* of all that follows, and of the records */
    int failed;
    struct err err;
};

/* Part i is the bit 1 << i of SPECTRUM_DRIFT ... */
enum { N_PARTS = 4 };
static const char *const part_name[N_PARTS] = {"drift", "angles", "delta",
                                               "overlap"};

int spectrum_parts(int *parts, const char *text, const char *shown,
                   struct err *e)
{
    struct cli_list l = {0};
    int r = cli_split(&l, text, shown, e);

    *parts = 0;
    for (int i = 0; i < l.n && !r; i++) {
        int p = 0;

        while (p < N_PARTS && strcmp(l.v[i], part_name[p]))
            p++;
        if (p == N_PARTS)
            r = err_set(e, ERR_USAGE,
                        "%s: found '%s', expected drift, "
                        "angles, delta or overlap",
                        shown, l.v[i]);
        *parts |= 1 << p;
    }
    return r;
}

/* ---- records -------------------------------------------------------- */

static int put_matrix(struct spectrum *x, struct job *j, struct err *e)
{
    struct scope s = {"matrix", j->after->name, NULL, -1};
    int kind = tensor_kind(j->after->name, &s.layer);
    struct totals one = {0};

    totals_add(&one, &j->out);
    totals_add(&x->all, &j->out);
    totals_add(&x->kind[kind], &j->out);
    if (s.layer >= 0)
        totals_add(&x->layer[s.layer], &j->out);
    s.kind = tensor_kind_name(kind);
    fields_begin(x->rec, &s);
    rec_set_u64(x->rec, "n", one.n);
    totals_set_matrix(&j->out, x->o->matrix.parts, x->rec);
    totals_set(&one, x->o->matrix.parts, x->rec);
    matrix_free(&j->out);
    return rec_write(x->w, x->rec, e);
}

static int put_total(struct spectrum *x, const struct scope *s,
                     const struct totals *t, struct err *e)
{
    fields_begin(x->rec, s);
    rec_set_u64(x->rec, "n", t->n);
    rec_set_u64(x->rec, "n_matrices", t->n_matrices);
    totals_set(t, x->o->matrix.parts, x->rec);
    return rec_write(x->w, x->rec, e);
}

static int put_totals(struct spectrum *x, struct err *e)
{
    struct scope total = {"total", NULL, NULL, -1};
    int r = 0;

    for (int k = 0; k <= KIND_OTHER && !r; k++) {
        struct scope s = {"kind", NULL, tensor_kind_name(k), -1};

        if (x->kind[k].n_matrices)
            r = put_total(x, &s, &x->kind[k], e);
    }
    for (int i = 0; i < x->n_layers && !r; i++) {
        struct scope s = {"layer", NULL, NULL, i};

        if (x->layer[i].n_matrices)
            r = put_total(x, &s, &x->layer[i], e);
    }
    return r ? r : put_total(x, &total, &x->all, e);
}

static int check_both(const struct spectrum *x, struct err *e)
{
    int r = st_check(x->base, e);

    return r ? r : st_check(x->ckpt, e);
}

static int header(const struct spectrum *x, struct err *e)
{
    const struct matrix_opts *o = &x->o->matrix;
    char digest[33], text[64] = "";
    int r;

    for (int i = 0; i < N_PARTS; i++)
        if (o->parts & 1 << i)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s",
                     *text ? "," : "", part_name[i]);
    rec_made_by(x->w, "parts", text);
    snprintf(text, sizeof text, "%zu", o->k);
    rec_made_by(x->w, "top", text);
    snprintf(text, sizeof text, "%.17g", o->eta);
    rec_made_by(x->w, "eta", text);
    st_digest(x->base, digest);
    rec_made_by(x->w, "base", digest);
    st_digest(x->ckpt, digest);
    rec_made_by(x->w, "checkpoint", digest);
    r = check_both(x, e);
    return r ? r : rec_header(x->w, "spectrum", "spectrum", NULL, e);
}

/* ---- matrices ------------------------------------------------------- */

/* copy: its values, to be freed, where they have to be decoded. */
static struct operand operand_of(struct spectrum *x, const struct st_tensor *t,
                                 void **copy)
{
    const void *v;

    pthread_mutex_lock(&x->reading);
    v = st_values(t, copy);
    pthread_mutex_unlock(&x->reading);
    return (struct operand){.a = v,
                            .type_a = t->type,
                            .rows = (size_t)t->dims[0],
                            .cols = (size_t)t->dims[1]};
}

/* Job i is done: what can be written in order is written. The first failure,
 * in order of matrices, is kept: after it nothing is written. */
static void deliver(struct spectrum *x, size_t i, int r, const struct err *e)
{
    pthread_mutex_lock(&x->lock);
    x->jobs[i].done = 1;
    if (r && !x->failed) {
        x->failed = r;
        x->err = *e;
    }
    while (!x->failed && x->written < x->n_jobs && x->jobs[x->written].done)
        x->failed = put_matrix(x, &x->jobs[x->written++], &x->err);
    progress_add(x->progress, 1);
    pthread_mutex_unlock(&x->lock);
}

static int is_failed(struct spectrum *x)
{
    int r;

    pthread_mutex_lock(&x->lock);
    r = x->failed;
    pthread_mutex_unlock(&x->lock);
    return r;
}

static void one_matrix(void *ctx, long i, int worker)
{
    struct spectrum *x = ctx;
    struct job *j = &x->jobs[i];
    struct operand before, after;
    void *copy[2];
    struct err e = {0};
    int r;

    (void)worker;
    if (is_failed(x))
        return;
    before = operand_of(x, j->before, &copy[0]);
    after = operand_of(x, j->after, &copy[1]);
    r = matrix_of(&j->out, &before, &after, &x->o->matrix, &e);
    free(copy[0]);
    free(copy[1]);
    if (r)
        r = err_prefix(&e, "%s: tensor %s", x->o->ckpt, j->after->name);
    deliver(x, (size_t)i, r, &e);
}

/* Threads of matrices: one where OpenBLAS serves no more. */
static int threads_of(const struct spectrum *x)
{
    return openblas_get_parallel() ? pool_count(x->o->threads) : 1;
}

/* OpenBLAS asks for its buffers again and again where memory is out. So they
 * are asked for here, once, and given back for it to take. */
static int room_for_blas(int threads, struct err *e)
{
    size_t n = (size_t)threads * BLAS_BUFFER;
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);

    if (p == MAP_FAILED)
        return err_memory(e,
                          "out of memory: OpenBLAS takes %zu bytes of "
                          "address space for %d threads",
                          n, threads);
    munmap(p, n);
    return 0;
}

int spectrum_write(struct spectrum *x, struct rec_writer *w, struct err *e)
{
    struct pool *pool;
    int r;

    x->w = w;
    r = room_for_blas(threads_of(x), e);
    if (!r)
        r = header(x, e);
    if (r)
        return r;
    openblas_set_num_threads(1);
    x->progress = progress_open("spectrum", "matrices", x->n_jobs, x->o->quiet);
    pool = pool_open(threads_of(x));
    pool_for(pool, (long)x->n_jobs, one_matrix, x);
    pool_close(&pool);
    if (x->failed) {
        progress_drop(&x->progress);
        *e = x->err;
        return x->failed;
    }
    progress_close(&x->progress);
    r = check_both(x, e); /* what was decoded for the matrices */
    return r ? r : put_totals(x, e);
}

static size_t bytes_of(const struct st_tensor *t)
{
    return t->n * dtype_size(t->type);
}

void spectrum_plan(const struct spectrum *x, FILE *out)
{
    size_t most = 0, bytes = 0;
    int threads = threads_of(x);

    for (size_t i = 0; i < x->n_jobs; i++) {
        const struct st_tensor *t = x->jobs[i].after;
        size_t m = matrix_memory((size_t)t->dims[0], (size_t)t->dims[1],
                                 &x->o->matrix);
        size_t is[2] = {bytes_of(x->jobs[i].before), bytes_of(t)};

        m += x->jobs[i].before->delta ? is[0] : 0;
        m += t->delta ? is[1] : 0;
        most = m > most ? m : most;
        bytes += is[0] + is[1];
    }
    fprintf(out, "matrices     %zu\n", x->n_jobs);
    fprintf(out, "weights      %zu bytes, mapped from both files\n", bytes);
    fprintf(out, "threads      %d, a matrix each\n", threads);
    fprintf(out, "memory       %zu bytes a thread at most\n", most);
}

/* ---- opening -------------------------------------------------------- */

static int add_job(struct spectrum *x, const struct st_tensor *t, struct err *e)
{
    struct job *j = &x->jobs[x->n_jobs];
    int layer, r = tensor_partner(x->base, x->o->base, t, &j->before, e);

    if (r || t->n_dims != 2 || !t->n)
        return r;
    if (t->dims[0] > 1 << 30 || t->dims[1] > 1 << 30)
        return err_set(e, ERR_DATA,
                       "%s: tensor %s: a side is longer than "
                       "2^30",
                       x->o->ckpt, t->name);
    j->after = t;
    x->n_jobs++;
    (void)tensor_kind(t->name, &layer);
    if (layer >= x->n_layers)
        x->n_layers = layer + 1;
    return 0;
}

static int list_jobs(struct spectrum *x, struct err *e)
{
    int r = tensor_all(x->base, x->ckpt, x->o->ckpt, e);

    if (r)
        return r;
    x->jobs = xcalloc(st_count(x->ckpt), sizeof *x->jobs);
    for (size_t i = 0; !r && i < st_count(x->ckpt); i++)
        r = add_job(x, st_at(x->ckpt, i), e);
    x->layer = xcalloc((size_t)x->n_layers + 1, sizeof *x->layer);
    return r || x->n_jobs ? r
                          : err_set(e, ERR_DATA, "%s: no matrices", x->o->ckpt);
}

int spectrum_open(struct spectrum **out, const struct spectrum_opts *o,
                  struct err *e)
{
    struct spectrum *x = xcalloc(1, sizeof *x);
    int r = st_open(&x->base, o->base, e);

    x->o = o;
    x->rec = rec_new();
    pthread_mutex_init(&x->lock, NULL);
    pthread_mutex_init(&x->reading, NULL);
    if (!r)
        r = st_open(&x->ckpt, o->ckpt, e);
    if (!r)
        r = list_jobs(x, e);
    if (r) { /* tensors that do not fit may be due to damage, named then */
        r = st_close(&x->base, r, e);
        r = st_close(&x->ckpt, r, e);
        spectrum_close(&x);
    }
    *out = x;
    return r;
}

void spectrum_close(struct spectrum **x)
{
    if (!*x)
        return;
    for (size_t i = 0; i < (*x)->n_jobs; i++)
        matrix_free(&(*x)->jobs[i].out);
    (void)!st_close(&(*x)->base, 0, NULL);
    (void)!st_close(&(*x)->ckpt, 0, NULL);
    pthread_mutex_destroy(&(*x)->lock);
    pthread_mutex_destroy(&(*x)->reading);
    rec_free(&(*x)->rec);
    free((*x)->jobs);
    free((*x)->layer);
    free(*x);
    *x = NULL;
}
