/* st_write - the safetensors writer: header at the first data, whole file at
 * commit
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/json_text.h"
#include "safetensors.h"

struct item {
    char *name;
    size_t bytes;
};

struct st_writer {
    struct file *f;
    struct hash128 *hash; /* of the file so far */
    char *path;
    struct buf header;
    struct item *v;
    size_t n, next;  /* declared; of the next st_put */
    size_t declared; /* bytes */
    int begun;
};

static void destroy(struct st_writer **w)
{
    for (size_t i = 0; i < (*w)->n; i++)
        free((*w)->v[i].name);
    free((*w)->v);
    free((*w)->path);
    hash128_close(&(*w)->hash);
    buf_free(&(*w)->header);
    free(*w);
    *w = NULL;
}

int st_create(struct st_writer **out, const char *path, struct err *e)
{
    struct st_writer *w = xcalloc(1, sizeof *w);
    int r;

    w->path = xstrdup(path);
    w->hash = hash128_open();
    r = file_create(&w->f, path, e);
    if (r)
        destroy(&w);
    else
        buf_puts(&w->header, "{\"__metadata__\":{\"format\":\"pt\"}");
    *out = w;
    return r;
}

int st_declare(struct st_writer *w, const char *name, enum dtype type,
               int n_dims, const int64_t *dims, struct err *e)
{
    static const char *const types[] = {"F32", "BF16", "F16"};
    size_t n = dtype_size(type);

    if (w->begun)
        return err_set(e, ERR_DATA,
                       "%s: tensor %.200s is declared after "
                       "data",
                       w->path, name);
    for (size_t i = 0; i < w->n; i++)
        if (!strcmp(w->v[i].name, name))
            return err_set(e, ERR_DATA,
                           "%s: tensor %.200s is declared "
                           "twice",
                           w->path, name);
    buf_puts(&w->header, ",");
    json_quote(&w->header, name, strlen(name));
    buf_printf(&w->header, ":{\"dtype\":\"%s\",\"shape\":[", types[type]);
    for (int i = 0; i < n_dims; i++) {
        if (dims[i] < 0 || __builtin_mul_overflow(n, (size_t)dims[i], &n))
            return err_set(e, ERR_DATA,
                           "%s: tensor %.200s: its shape is too "
                           "large",
                           w->path, name);
        buf_printf(&w->header, "%s%" PRId64, i ? "," : "", dims[i]);
    }
    buf_printf(&w->header, "],\"data_offsets\":[%zu,%zu]}", w->declared,
               w->declared + n);
    w->declared += n;
    w->v = xrealloc(w->v, w->n + 1, sizeof *w->v);
    w->v[w->n++] = (struct item){xstrdup(name), n};
    return 0;
}

static int write_bytes(struct st_writer *w, const void *p, size_t n,
                       struct err *e)
{
    hash128_update(w->hash, p, n);
    return file_write(w->f, p, n, e);
}

/* Padded so that the data begins at a multiple of 8. */
static int write_header(struct st_writer *w, struct err *e)
{
    uint8_t len[8];
    uint64_t n;
    int r;

    w->begun = 1;
    buf_puts(&w->header, "}");
    while (w->header.n % 8)
        buf_puts(&w->header, " ");
    n = w->header.n;
    for (int i = 0; i < 8; i++)
        len[i] = (uint8_t)(n >> 8 * i);
    r = write_bytes(w, len, 8, e);
    return r ? r : write_bytes(w, w->header.p, w->header.n, e);
}

int st_put(struct st_writer *w, const void *data, size_t bytes, struct err *e)
{
    int r = w->begun ? 0 : write_header(w, e);

    if (r)
        return r;
    if (w->next == w->n)
        return err_set(e, ERR_DATA, "%s: more data than declared tensors",
                       w->path);
    if (w->v[w->next].bytes != bytes)
        return err_set(e, ERR_DATA,
                       "%s: tensor %.200s: %zu bytes given, "
                       "%zu declared",
                       w->path, w->v[w->next].name, bytes, w->v[w->next].bytes);
    w->next++;
    return write_bytes(w, data, bytes, e);
}

int st_commit(struct st_writer **w, char digest[33], struct err *e)
{
    struct st_writer *x = *w;
    int r = x->begun ? 0 : write_header(x, e);

    if (!r && x->next != x->n)
        r = err_set(e, ERR_DATA, "%s: tensor %.200s was given no data", x->path,
                    x->v[x->next].name);
    if (r) {
        st_abort(w);
        return r;
    }
    if (digest)
        hash128_hex(x->hash, digest);
    r = file_commit(&x->f, e);
    destroy(w);
    return r;
}

void st_abort(struct st_writer **w)
{
    if (!*w)
        return;
    file_abort(&(*w)->f);
    destroy(w);
}
