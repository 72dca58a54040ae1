/* delta_make - weights to deltas and back, the old files going last
 *
 * Runs are coded by threads, batch after batch, and each is decoded again and
 * compared at once. The digests of both files are taken beside that, while a
 * batch is in the cache.
 */
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/digests.h"
#include "../base/hash.h"
#include "../base/pool.h"
#include "delta.h"
#include "delta_chain.h"
#include "delta_code.h"
#include "st_impl.h"

struct make {
    const char *dir, *successor, *stem;
    char *model, *delta, *of; /* DIR's two files; the successor's weights */
    char *real_dir, *real_successor;
    struct filemap this, that;
    struct delta_pieces *pieces; /* of the successor, if that is a delta: that
                                    is its base's then, for the header */
    char digest[33], that_digest[33];
    struct layout l;
    size_t first, from, to; /* run of the batch; its bytes */
    struct hash128 *hash, *that_hash;
    struct buf *chunk; /* [l.n] */
    int *bad;          /* [l.n] what was coded is not what comes back */
    size_t *damaged;   /* [l.n] of the successor, as of delta_decode_run */
    struct worker {
        struct delta_coder *coder;
        uint8_t *back, *that;
    } * worker;
};

/* From one absolute path to another: "../step-40/checkpoint". */
static char *relative(const char *from, const char *to)
{
    struct buf b = {0};
    size_t same = 0;
    char *out;

    for (size_t i = 0;; i++) {
        int a = from[i] == '/' || !from[i], t = to[i] == '/' || !to[i];

        if (a && t)
            same = i;
        if (from[i] != to[i] || !from[i])
            break;
    }
    for (const char *p = from + same; *p; p++)
        if (*p == '/' && p[1])
            buf_puts(&b, "../");
    buf_puts(&b, to[same] == '/' ? to + same + 1 : to + same);
    if (!b.n)
        buf_puts(&b, ".");
    out = xstrdup(buf_str(&b));
    buf_free(&b);
    return out;
}

static int resolve(char **real, const char *dir, struct err *e)
{
    *real = realpath(dir, NULL);
    return *real ? 0 : err_errno(e, ERR_IO, "%s", dir);
}

static int open_both(struct make *x, struct err *e)
{
    int r = resolve(&x->real_dir, x->dir, e);

    if (!r)
        r = resolve(&x->real_successor, x->successor, e);
    if (!r && !strcmp(x->real_dir, x->real_successor))
        r = err_set(e, ERR_USAGE, "%s: is its own successor", x->dir);
    if (!r)
        r = file_map(&x->this, x->model, e);
    if (!r && file_exists(x->of))
        r = file_map(&x->that, x->of, e);
    else if (!r)
        r = delta_pieces_of(&x->pieces, x->successor, x->stem, x->real_dir, e);
    if (!r && x->pieces) {
        x->that = *delta_pieces_base(x->pieces);
        strcpy(x->that_digest, delta_pieces_digest(x->pieces));
    }
    return r;
}

/* ---- coding ---------------------------------------------------------- */

static int lay_out(struct make *x, struct err *e)
{
    int r = layout_of(&x->l, &x->this, x->model, e);

    if (!r && (x->this.size != x->that.size ||
               memcmp(x->this.data, x->that.data, x->l.head)))
        r = err_set(e, ERR_DATA,
                    "%s: has other tensors, types or shapes than %s", x->of,
                    x->model);
    return r;
}

static void one_run(struct make *x, size_t i, struct worker *w)
{
    const struct span *s = &x->l.v[i];
    const uint8_t *this = x->this.data + s->at, *that = x->that.data + s->at;
    size_t bytes = s->n * (size_t)s->width, at = DELTA_HEX;
    struct buf *out = &x->chunk[i];
    char digest[33];

    if (!w->coder) {
        w->coder = delta_coder_open();
        w->back = xmalloc((size_t)4 * DELTA_CHUNK);
        w->that = x->pieces ? xmalloc((size_t)4 * DELTA_CHUNK) : NULL;
    }
    if (x->pieces) {
        x->damaged[i] = delta_decode_run(x->pieces, w->coder, i, w->that);
        that = w->that;
    }
    hash_hex128(this, bytes, digest);
    buf_put(out, digest, DELTA_HEX);
    delta_encode(w->coder, out, this, that, s->n, s->width);
    memcpy(w->back, that, bytes);
    x->bad[i] = delta_decode(w->coder, (const uint8_t *)out->p, out->n, &at,
                             w->back, s->n, s->width) ||
                at != out->n || memcmp(w->back, this, bytes);
}

/* The first two are the digests. */
static void task(void *ctx, long i, int worker)
{
    struct make *x = ctx;
    size_t n = x->to - x->from;

    if (i == 0)
        hash128_update(x->hash, x->this.data + x->from, n);
    else if (i > 1)
        one_run(x, x->first + (size_t)i - 2, &x->worker[worker]);
    else if (x->that_hash)
        hash128_update(x->that_hash, x->that.data + x->from, n);
}

static void all_runs(struct make *x, struct pool *pool)
{
    x->hash = hash128_open();
    if (!*x->that_digest)
        x->that_hash = hash128_open();
    while (x->from < x->this.size) {
        size_t next = layout_batch(&x->l, x->first, x->this.size, &x->to);

        pool_for(pool, 2 + (long)(next - x->first), task, x);
        x->first = next;
        x->from = x->to;
    }
    hash128_hex(x->hash, x->digest);
    hash128_close(&x->hash);
    if (x->that_hash)
        hash128_hex(x->that_hash, x->that_digest);
    hash128_close(&x->that_hash);
}

static int encode(struct make *x, struct err *e)
{
    struct pool *pool = pool_open(0);
    int threads = pool_threads(pool);

    x->chunk = xcalloc(x->l.n + 1, sizeof *x->chunk);
    x->bad = xcalloc(x->l.n + 1, sizeof *x->bad);
    x->damaged = xcalloc(x->l.n + 1, sizeof *x->damaged);
    x->worker = xcalloc((size_t)threads, sizeof *x->worker);
    all_runs(x, pool);
    for (int i = 0; i < threads; i++) {
        delta_coder_close(&x->worker[i].coder);
        free(x->worker[i].back);
        free(x->worker[i].that);
    }
    pool_close(&pool);
    for (size_t i = 0; i < x->l.n; i++)
        if (x->damaged[i])
            return delta_damage(x->pieces, x->damaged[i], e);
    for (size_t i = 0; i < x->l.n; i++)
        if (x->bad[i])
            return err_set(e, ERR_DATA, "%s: does not give %s", x->delta,
                           x->model);
    return 0;
}

/* Both against the digests that their directories list. */
static int check_digests(const struct make *x, struct err *e)
{
    int r = digests_known(x->model, x->digest, e);

    return r ? r : digests_known(x->of, x->that_digest, e);
}

/* ---- the file --------------------------------------------------------- */

static void put_head(struct buf *out, const struct make *x)
{
    char *path = relative(x->real_dir, x->real_successor), *text, digest[33];
    json_t *o = json_object();

    hash_hex128(x->this.data, x->l.head, digest);
    json_object_set_new(o, "size", json_integer((json_int_t)x->this.size));
    json_object_set_new(o, "digest", json_string(x->digest));
    json_object_set_new(o, "head", json_string(digest));
    json_object_set_new(o, "successor", json_string(path));
    json_object_set_new(o, "successor_digest", json_string(x->that_digest));
    text = json_dumps(o, JSON_SORT_KEYS);
    buf_puts(out, DELTA_MAGIC);
    delta_put_u32(out, (uint32_t)strlen(text));
    buf_puts(out, text);
    free(text);
    free(path);
    json_decref(o);
}

static int put(struct file *f, struct hash128 *h, const struct buf *b,
               struct err *e)
{
    hash128_update(h, b->p, b->n);
    return file_write(f, b->p, b->n, e);
}

static int write_all(const struct make *x, char digest[33], struct err *e)
{
    struct hash128 *h = hash128_open();
    struct buf head = {0};
    struct file *f;
    int r = file_create(&f, x->delta, e);

    put_head(&head, x);
    if (!r)
        r = put(f, h, &head, e);
    for (size_t i = 0; i < x->l.n && !r; i++)
        r = put(f, h, &x->chunk[i], e);
    hash128_hex(h, digest);
    hash128_close(&h);
    buf_free(&head);
    if (!r)
        r = file_write(f, digest, 32, e);
    if (r) {
        file_abort(&f);
        return r;
    }
    return file_commit(&f, e);
}

/* The file has the bytes that were coded, and its links lead to weights. */
static int read_back(const struct make *x, const char *digest, struct err *e)
{
    struct chain c;
    int r = chain_open(&c, x->dir, x->stem, x->real_dir, e);

    if (!r && memcmp(c.v[0].map.data + c.v[0].end, digest, 32))
        r = err_set(e, ERR_DATA, "%s: does not give %s", x->delta, x->model);
    chain_close(&c);
    return r;
}

static int remove_file(const char *path, struct err *e)
{
    return unlink(path) ? err_errno(e, ERR_IO, "%s", path) : 0;
}

static void names(struct make *x, const char *dir, const char *successor,
                  const char *stem)
{
    x->dir = dir;
    x->successor = successor;
    x->stem = stem;
    x->model = delta_file_of(dir, stem, ".safetensors");
    x->delta = delta_file_of(dir, stem, ".delta");
    x->of = successor ? delta_file_of(successor, stem, ".safetensors") : NULL;
}

static void close_both(struct make *x)
{
    for (size_t i = 0; i < x->l.n && x->chunk; i++)
        buf_free(&x->chunk[i]);
    free(x->chunk);
    free(x->bad);
    free(x->damaged);
    free(x->worker);
    layout_close(&x->l);
    file_unmap(&x->this);
    if (x->pieces)
        delta_pieces_close(&x->pieces);
    else
        file_unmap(&x->that);
    free(x->model);
    free(x->delta);
    free(x->of);
    free(x->real_dir);
    free(x->real_successor);
}

/* The delta of one file is there, and nothing was removed. */
static int make_one(const char *dir, const char *successor, const char *stem,
                    struct err *e)
{
    struct make x = {0};
    char digest[33];
    int r;

    names(&x, dir, successor, stem);
    r = open_both(&x, e);
    if (!r)
        r = lay_out(&x, e);
    if (!r)
        r = encode(&x, e);
    if (!r)
        r = check_digests(&x, e);
    if (!r)
        r = write_all(&x, digest, e);
    if (!r) {
        r = read_back(&x, digest, e);
        if (r)
            unlink(x.delta);
    }
    close_both(&x);
    return r;
}

/* All bytes of the file that d stands for. */
static int put_pieces(struct file *f, struct delta_pieces *d, size_t head,
                      struct err *e)
{
    const struct filemap *base = delta_pieces_base(d);
    int r = file_write(f, base->data, head, e);

    for (size_t at = head, n; at < base->size && !r; at += n) {
        const void *p;

        n = base->size - at;
        p = delta_piece(d, at, &n);
        r = file_write(f, p, n, e);
    }
    return r ? r : delta_pieces_check(d, e);
}

static int expand_file(struct make *x, struct err *e)
{
    struct file *f;
    int r = layout_of(&x->l, &x->that, x->model, e);

    if (!r)
        r = file_create(&f, x->model, e);
    if (r)
        return r;
    r = put_pieces(f, x->pieces, x->l.head, e);
    if (!r)
        return file_commit(&f, e);
    file_abort(&f);
    return r;
}

static int expand_one(const char *dir, const char *stem, struct err *e)
{
    struct make x = {0};
    int r;

    names(&x, dir, NULL, stem);
    r = delta_pieces_of(&x.pieces, dir, stem, NULL, e);
    if (!r) {
        x.that = *delta_pieces_base(x.pieces);
        r = expand_file(&x, e);
    }
    if (!r)
        r = remove_file(x.delta, e);
    close_both(&x);
    return r;
}

/* ---- all files of a directory ------------------------------------------ */

static int remove_model(const char *dir, const char *stem, struct err *e)
{
    char *path = delta_file_of(dir, stem, ".safetensors");
    int r = remove_file(path, e);

    free(path);
    return r;
}

/* 1: a run that was killed had come so far with this file, to this successor. */
static int was_made(const char *dir, const char *successor, const char *stem,
                    struct err *e)
{
    char *model = delta_file_of(dir, stem, ".safetensors");
    int r = !file_exists(model) && delta_stands_for(model);
    struct chain c;

    free(model);
    if (!r)
        return 0;
    r = chain_open(&c, dir, stem, NULL, e);
    if (!r) {
        char *to = file_in(c.v[0].dir, c.v[0].successor);
        char *real = realpath(to, NULL), *want = realpath(successor, NULL);

        r = real && want && !strcmp(real, want);
        free(to);
        free(real);
        free(want);
    }
    chain_close(&c);
    return r;
}

/* The last shard goes when all have their deltas: a directory that is neither
 * one nor the other is read all the same. */
int delta_make(const char *dir, const char *successor, struct err *e)
{
    struct st_stems s;
    int r = st_stems(&s, dir, e);
    size_t n = 0; /* of s.v, those made here */

    for (size_t i = 0; i < s.n && r >= 0; i++) {
        r = was_made(dir, successor, s.v[i], e);
        if (r)
            continue;
        r = make_one(dir, successor, s.v[i], e);
        if (!r) {
            char *made = s.v[i];

            s.v[i] = s.v[n];
            s.v[n++] = made;
        }
    }
    if (r > 0)
        r = 0;
    for (size_t i = 0; i < n && !r; i++)
        r = remove_model(dir, s.v[i], e);
    for (size_t i = 0; i < n && r; i++) {
        char *model = delta_file_of(dir, s.v[i], ".safetensors");
        char *path = delta_file_of(dir, s.v[i], ".delta");

        if (file_exists(model))
            unlink(path);
        free(model);
        free(path);
    }
    st_stems_free(&s);
    return r;
}

static int was_expanded(const char *dir, const char *stem)
{
    char *model = delta_file_of(dir, stem, ".safetensors");
    char *path = delta_file_of(dir, stem, ".delta");
    int yes = file_exists(model) && !file_exists(path);

    free(model);
    free(path);
    return yes;
}

int delta_expand(const char *dir, struct err *e)
{
    struct st_stems s;
    int r = st_stems(&s, dir, e);
    size_t n = 0;

    for (size_t i = 0; i < s.n && !r; i++)
        n += (size_t)was_expanded(dir, s.v[i]);
    for (size_t i = 0; i < s.n && !r; i++)
        if (n == s.n || !was_expanded(dir, s.v[i]))
            r = expand_one(dir, s.v[i], e);
    st_stems_free(&s);
    return r;
}
