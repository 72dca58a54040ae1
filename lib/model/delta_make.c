/* delta_make - weights to a delta and back, the old file going last */
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/digests.h"
#include "../base/hash.h"
#include "../base/json.h"
#include "delta.h"
#include "delta_chain.h"
#include "delta_code.h"

struct make {
    const char *dir, *successor;
    char *model, *delta, *of; /* DIR's two files; the successor's weights */
    char *real_dir, *real_successor;
    struct filemap this, that;
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

/* Both against the digests that their directories list. */
static int check_digests(const struct make *x, struct err *e)
{
    struct digest_check *c = digests_open();
    int r = digests_add(c, x->model, &x->this, e), closed;

    if (!r)
        r = digests_add(c, x->of, &x->that, e);
    digests_start(c);
    closed = digests_close(&c, r ? NULL : e);
    return r ? r : closed;
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
        r = delta_rebuild(&x->that, x->successor, x->real_dir, e);
    return r ? r : check_digests(x, e);
}

static void put_head(struct buf *out, const struct make *x)
{
    char digest[33], successor[33];
    char *path = relative(x->real_dir, x->real_successor), *text;
    json_t *o = json_object();

    hash_hex128(x->this.data, x->this.size, digest);
    hash_hex128(x->that.data, x->that.size, successor);
    json_object_set_new(o, "size", json_integer((json_int_t)x->this.size));
    json_object_set_new(o, "digest", json_string(digest));
    json_object_set_new(o, "successor", json_string(path));
    json_object_set_new(o, "successor_digest", json_string(successor));
    text = json_dumps(o, JSON_SORT_KEYS);
    buf_puts(out, DELTA_MAGIC);
    delta_put_u32(out, (uint32_t)strlen(text));
    buf_puts(out, text);
    free(text);
    free(path);
    json_decref(o);
}

static int encode(struct buf *out, const struct make *x, struct err *e)
{
    struct delta_coder *c;
    struct layout l;
    char digest[33];
    int r = layout_of(&l, &x->this, x->model, e);

    if (r)
        return r;
    if (x->this.size != x->that.size ||
        memcmp(x->this.data, x->that.data, l.head)) {
        layout_close(&l);
        return err_set(e, ERR_DATA,
                       "%s: has other tensors, types or shapes "
                       "than %s",
                       x->of, x->model);
    }
    put_head(out, x);
    c = delta_coder_open();
    for (size_t i = 0; i < l.n; i++)
        delta_encode(c, out, x->this.data + l.v[i].at, x->that.data + l.v[i].at,
                     l.v[i].n, l.v[i].width);
    delta_coder_close(&c);
    layout_close(&l);
    hash_hex128(out->p, out->n, digest);
    buf_put(out, digest, 32);
    return 0;
}

/* What was written gives the weights again. */
static int read_back(const struct make *x, struct err *e)
{
    struct filemap m;
    int r = delta_rebuild(&m, x->dir, x->real_dir, e);

    if (r)
        return r;
    if (m.size != x->this.size || memcmp(m.data, x->this.data, m.size))
        r = err_set(e, ERR_DATA, "%s: does not give %s", x->delta, x->model);
    file_unmap(&m);
    return r;
}

static int remove_file(const char *path, struct err *e)
{
    return unlink(path) ? err_errno(e, ERR_IO, "%s", path) : 0;
}

static void names(struct make *x, const char *dir, const char *successor)
{
    x->dir = dir;
    x->successor = successor;
    x->model = file_in(dir, DELTA_MODEL);
    x->delta = file_in(dir, DELTA_FILE);
    x->of = successor ? file_in(successor, DELTA_MODEL) : NULL;
}

static void close_both(struct make *x)
{
    file_unmap(&x->this);
    file_unmap(&x->that);
    free(x->model);
    free(x->delta);
    free(x->of);
    free(x->real_dir);
    free(x->real_successor);
}

int delta_make(const char *dir, const char *successor, struct err *e)
{
    struct make x = {0};
    struct buf out = {0};
    int r;

    names(&x, dir, successor);
    r = open_both(&x, e);
    if (!r)
        r = encode(&out, &x, e);
    if (!r)
        r = file_put(x.delta, out.p, out.n, e);
    if (!r) {
        r = read_back(&x, e);
        r = r ? (unlink(x.delta), r) : remove_file(x.model, e);
    }
    buf_free(&out);
    close_both(&x);
    return r;
}

int delta_expand(const char *dir, struct err *e)
{
    struct make x = {0};
    int r;

    names(&x, dir, NULL);
    r = delta_rebuild(&x.this, dir, NULL, e);
    if (!r)
        r = file_put(x.model, x.this.data, x.this.size, e);
    if (!r)
        r = remove_file(x.delta, e);
    close_both(&x);
    return r;
}
