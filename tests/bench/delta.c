/* delta - a checkpoint kept as a difference, beside the full one
 *
 * usage: delta [bf16|fp32] [tiny|0.5B|full] [PAIRS]
 *
 * Weights are random, and 10 random steps of at most 1e-6 apart; "0.5B" has a quarter
 * of Qwen2.5-0.5B's layers and vocabulary, "full" all. A pair: the full file is
 * written as a checkpoint writes it, and read; it becomes a delta, and that is
 * read. Reading is opening, a pass over all values, and the check against the
 * directory's list of digests, which a checkpoint has.
 * Files are in TMPDIR, in the page cache. "cpu" are the processor's seconds, of
 * all threads.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../kernels/canon.h"
#include "../../lib/base/clock.h"
#include "../../lib/base/digests.h"
#include "../../lib/model/delta.h"
#include "../../lib/model/safetensors.h"
#include "median.h"
#include "step.h"

enum { MOST = 100, FULL_WRITE, FULL_READ, DELTA_WRITE, DELTA_READ, N_PARTS };

struct times {
    double wall[N_PARTS][MOST], cpu[N_PARTS][MOST];
};

/* ---- weights ----------------------------------------------------------- */

static void fill(char *w, enum dtype t, size_t n, int later)
{
    uint64_t s = 9;

    for (size_t i = 0; i < n; i++) {
        double sum = 0, move = 0;
        float v;

        for (int j = 0; j < 4; j++) {
            s = s * 6364136223846793005u + 1442695040888963407u;
            sum += (double)(s >> 40) * 0x1p-24 - 0.5;
        }
        for (int j = 0; j < 10 && later; j++) {
            s = s * 6364136223846793005u + 1442695040888963407u;
            move += 1e-6 * ((double)(s >> 40) * 0x1p-23 - 1);
        }
        for (int j = 0; j < 10 && !later; j++) /* the same weights after it */
            s = s * 6364136223846793005u + 1442695040888963407u;
        v = (float)(0.02 * 1.732 * sum);
        v = (float)(v + move);
        if (t == DT_F32)
            memcpy(w + 4 * i, &v, 4);
        else
            memcpy(w + 2 * i, &(uint16_t){canon_round_bf16(v)}, 2);
    }
}

static int write_list(const char *dir, const char *digest, struct err *e)
{
    json_t *list = json_object(), *known = json_object();
    int r;

    json_object_set_new(known, "model.safetensors", json_string(digest));
    r = digests_write(list, known, dir, DIGESTS_MODEL, e);
    json_decref(list);
    json_decref(known);
    return r;
}

static int write_full(const char *dir, const struct params *p, const char *w,
                      enum dtype t, struct err *e)
{
    struct st_writer *s;
    char path[500], digest[33];
    int r;

    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    r = st_create(&s, path, e);
    for (int i = 0; i < p->n && !r; i++) {
        const struct param *q = &p->v[i];
        int64_t dims[2] = {q->rows, q->cols};

        r = st_declare(s, q->name, t, q->cols ? 2 : 1, dims, e);
    }
    for (int i = 0; i < p->n && !r; i++) {
        const struct param *q = &p->v[i];

        r = st_put(s, w + q->offset * dtype_size(t), q->n * dtype_size(t), e);
    }
    if (r) {
        st_abort(&s);
        return r;
    }
    r = st_commit(&s, digest, e);
    return r ? r : write_list(dir, digest, e);
}

static uint64_t sum_of_bytes;

static int read_model(const char *dir, struct err *e)
{
    struct st_file *f;
    int r = st_open(&f, dir, e);

    for (size_t i = 0; !r && i < st_count(f); i++) {
        const struct st_tensor *t = st_at(f, i);

        for (size_t at = 0, n; at < t->n; at += n) {
            const uint64_t *v;

            n = t->n - at;
            v = st_piece(t, at, &n);
            for (size_t j = 0; j < n * dtype_size(t->type) / 8; j++)
                sum_of_bytes += v[j];
        }
    }
    return r ? r : st_close(&f, 0, e);
}

/* ---- pairs -------------------------------------------------------------- */

struct bench {
    char dir[400], successor[400];
    struct params p;
    enum dtype t;
    char *w;
    struct times s;
};

static int part(struct bench *b, int what, struct err *e)
{
    switch (what) {
    case FULL_WRITE:
        return write_full(b->dir, &b->p, b->w, b->t, e);
    case DELTA_WRITE:
        return delta_make(b->dir, b->successor, e);
    default:
        return read_model(b->dir, e);
    }
}

static int pair(struct bench *b, int i, struct err *e)
{
    char delta[500];
    int r = 0;

    for (int k = FULL_WRITE; k < N_PARTS && !r; k++) {
        double wall = clock_s(CLOCK_MONOTONIC);
        double cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);

        r = part(b, k, e);
        b->s.wall[k][i] = clock_s(CLOCK_MONOTONIC) - wall;
        b->s.cpu[k][i] = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    }
    snprintf(delta, sizeof delta, "%s/model.delta", b->dir);
    if (i == 0 && !r) {
        struct stat st = {0};

        (void)!stat(delta, &st);
        printf("  bytes  1 / %.1f of the full file\n",
               (double)(b->p.n_values * dtype_size(b->t)) / (double)st.st_size);
    }
    unlink(delta);
    return r;
}

/* The first pair makes the pages. */
static void report(const char *what, double (*v)[MOST], int delta, int full,
                   int n)
{
    double q[MOST];

    for (int i = 1; i < n; i++)
        q[i - 1] = v[delta][i] / v[full][i];
    printf("  %-12s %8.3f s, full %8.3f s, ratio %.2f\n", what,
           median(v[delta] + 1, n - 1), median(v[full] + 1, n - 1),
           median(q, n - 1));
}

static int run(struct bench *b, int pairs, struct err *e)
{
    int r = 0;

    fill(b->w, b->t, b->p.n_values, 1);
    r = write_full(b->successor, &b->p, b->w, b->t, e);
    fill(b->w, b->t, b->p.n_values, 0);
    for (int i = 0; i < pairs && !r; i++)
        r = pair(b, i, e);
    if (!r) {
        report("write", b->s.wall, DELTA_WRITE, FULL_WRITE, pairs);
        report("write, cpu", b->s.cpu, DELTA_WRITE, FULL_WRITE, pairs);
        report("read", b->s.wall, DELTA_READ, FULL_READ, pairs);
        report("read, cpu", b->s.cpu, DELTA_READ, FULL_READ, pairs);
    }
    return r;
}

static void remove_dir(const char *dir)
{
    static const char *const names[] = {"model.safetensors", DIGESTS_MODEL};
    char file[500];

    for (int i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "%s/%s", dir, names[i]);
        unlink(file);
    }
    rmdir(dir);
}

int main(int argc, char **argv)
{
    static struct bench b;
    const char *type = argc > 1 ? argv[1] : "bf16";
    const char *name = argc > 2 ? argv[2] : "tiny", *tmp = getenv("TMPDIR");
    int pairs = argc > 3 ? atoi(argv[3]) : 5, r;
    const struct shape *s = &shapes[strcmp(name, "tiny") != 0];
    struct config c = shape_config(s);
    struct err e = {0};

    pairs = pairs < 2 ? 2 : pairs > MOST ? MOST : pairs;
    if (!strcmp(name, "full")) {
        c.layers *= 4;
        c.vocab *= 4;
    }
    b.t = strcmp(type, "fp32") ? DT_BF16 : DT_F32;
    snprintf(b.dir, sizeof b.dir, "%.300s/ulp-bench-delta.%d/1",
             tmp ? tmp : "/tmp", (int)getpid());
    snprintf(b.successor, sizeof b.successor, "%.300s/ulp-bench-delta.%d/2",
             tmp ? tmp : "/tmp", (int)getpid());
    printf("%s, %s, %d pairs\n", type, name, pairs);
    r = params_list(&b.p, &c, &e);
    if (!r)
        r = file_mkdirs(b.dir, &e);
    if (!r)
        r = file_mkdirs(b.successor, &e);
    b.w = malloc(b.p.n_values * dtype_size(b.t));
    if (!r && b.w)
        r = run(&b, pairs, &e);
    remove_dir(b.dir);
    remove_dir(b.successor);
    *strrchr(b.dir, '/') = 0;
    rmdir(b.dir);
    if (r)
        fprintf(stderr, "delta: %s\n", e.msg);
    return r != 0 || sum_of_bytes == 1;
}
