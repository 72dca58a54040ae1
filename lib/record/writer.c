/* writer - a stream of records out: msgpack, zstd, or JSON lines */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/json_text.h"
#include "../base/utf8.h"
#include "impl.h"
#include "scan.h"

struct rec_writer {
    struct file *f;
    char name[256]; /* of the output, in messages */
    int json, header_done;
    int bad_made_by; /* a value was not UTF-8 */
    char twice[64];  /* a key of made_by that came again, or "" */
    ZSTD_CStream *z;
    struct hash *hash;
    uint64_t n;
    struct buf b;     /* the record being written */
    struct buf zbuf;  /* its compressed bytes */
    struct buf pairs; /* packed keys and values for made_by */
    struct buf keys;  /* the keys, each with its NUL */
    uint32_t n_pairs;
    int hold;        /* records wait for each other */
    int64_t held_ms; /* since when the first of them does; 0: none does */
    size_t held;     /* bytes of them */
};

static int ends_in(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);

    return n >= m && !strcmp(s + n - m, tail);
}

int rec_create(struct rec_writer **out, const char *path,
               enum rec_format format, struct err *e)
{
    struct rec_writer *w = xcalloc(1, sizeof *w);
    int x;

    *out = NULL;
    snprintf(w->name, sizeof w->name, "%s",
             strcmp(path, "-") ? path : "standard output");
    w->hash = hash_open();
    w->json = format == REC_JSON || (format == REC_AUTO && !strcmp(path, "-") &&
                                     isatty(STDOUT_FILENO));
    x = file_create(&w->f, path, e);
    if (!x && ends_in(path, ".zst")) {
        w->z = ZSTD_createCStream();
        if (!w->z ||
            ZSTD_isError(ZSTD_CCtx_setParameter(w->z, ZSTD_c_checksumFlag, 1)))
            x = err_memory(e, "%s: out of memory for zstd", path);
    }
    if (x < 0) {
        rec_abort(&w);
        return x;
    }
    *out = w;
    return 0;
}

static void drop(struct rec_writer **w)
{
    hash_close(&(*w)->hash);
    ZSTD_freeCStream((*w)->z);
    buf_free(&(*w)->b);
    buf_free(&(*w)->zbuf);
    buf_free(&(*w)->pairs);
    buf_free(&(*w)->keys);
    free(*w);
    *w = NULL;
}

void rec_hold(struct rec_writer *w)
{
    w->hold = file_is_direct(w->f);
}

int rec_is_direct(const struct rec_writer *w)
{
    return file_is_direct(w->f);
}

int rec_flush(struct rec_writer *w, int due, struct err *e)
{
    if (!w->held_ms || (due && clock_ms() - w->held_ms < REC_HOLD_MS))
        return 0;
    w->held_ms = 0;
    w->held = 0;
    return file_flush(w->f, e);
}

void rec_abort(struct rec_writer **w)
{
    struct err ignored = {0}; /* the caller reports an earlier one */

    if (!*w)
        return;
    (void)!rec_flush(*w, 0, &ignored);
    file_abort(&(*w)->f);
    drop(w);
}

/* w->b through zstd if asked, to the file, and to whoever reads it */
static int emit(struct rec_writer *w, ZSTD_EndDirective end, struct err *e)
{
    ZSTD_inBuffer in = {w->b.p ? w->b.p : "", w->b.n, 0};
    size_t more;
    int x;

    if (!w->z) {
        x = file_write(w->f, in.src, in.size, e);
    } else {
        int direct = file_is_direct(w->f);

        x = 0;
        if (direct && end == ZSTD_e_continue)
            end = ZSTD_e_flush;
        do {
            ZSTD_outBuffer out = {buf_room(&w->zbuf, 1 << 16), 1 << 16, 0};

            more = ZSTD_compressStream2(w->z, &out, &in, end);
            if (ZSTD_isError(more))
                return ZSTD_getErrorCode(more) == ZSTD_error_memory_allocation
                           ? err_memory(e, "out of memory for zstd")
                           : err_set(e, ERR_IO, "zstd: %s",
                                     ZSTD_getErrorName(more));
            x = file_write(w->f, out.dst, out.pos, e);
        } while (!x && (in.pos < in.size || (end != ZSTD_e_continue && more)));
    }
    if (x || !file_is_direct(w->f))
        return x;
    if (!w->hold)
        return file_flush(w->f, e);
    w->held_ms = w->held_ms ? w->held_ms : clock_ms();
    w->held += in.size;
    return rec_flush(w, w->held < REC_HOLD_BYTES, e);
}

static void pack_str(msgpack_packer *pk, const char *s)
{
    size_t n = strlen(s);

    msgpack_pack_str(pk, n);
    msgpack_pack_str_body(pk, s, n);
}

/* A reader refuses a map that has a key twice. */
static void note_key(struct rec_writer *w, const char *key)
{
    int again = !strcmp(key, "tool");

    for (size_t i = 0; i < w->keys.n && !again; i += strlen(w->keys.p + i) + 1)
        again = !strcmp(w->keys.p + i, key);
    if (again)
        snprintf(w->twice, sizeof w->twice, "%s", key);
    buf_put(&w->keys, key, strlen(key) + 1);
}

void rec_made_by(struct rec_writer *w, const char *key, const char *value)
{
    msgpack_packer pk;

    note_key(w, key);
    msgpack_packer_init(&pk, &w->pairs, buf_packer_write);
    pack_str(&pk, key);
    pack_str(&pk, value);
    w->bad_made_by |= !utf8_whole(value, strlen(value));
    w->n_pairs++;
}

int rec_header(struct rec_writer *w, const char *kind, const char *tool,
               const struct rec_reader *from, struct err *e)
{
    uint32_t n = 0;
    size_t n_bytes = 0;
    const char *made_by = from ? rec_made_by_of(from, &n, &n_bytes) : NULL;

    return rec_header_after(w, kind, tool, made_by, n_bytes, n, e);
}

int rec_header_copy(struct rec_writer *w, const struct rec_reader *from,
                    struct err *e)
{
    uint32_t n = 0;
    size_t n_bytes = 0;
    const char *made_by = rec_made_by_of(from, &n, &n_bytes);

    return rec_header_after(w, rec_kind(from), NULL, made_by, n_bytes, n, e);
}

int rec_header_after(struct rec_writer *w, const char *kind, const char *tool,
                     const char *made_by, size_t n_bytes, uint32_t n,
                     struct err *e)
{
    msgpack_packer pk;

    if (w->header_done)
        return err_set(e, ERR_USAGE, "the header was written already");
    if (w->bad_made_by)
        return err_set(e, ERR_USAGE,
                       "an argument recorded in made_by is not valid UTF-8");
    if (w->twice[0])
        return err_set(e, ERR_USAGE, "made_by: '%s' was given twice", w->twice);
    w->header_done = 1;
    if (w->json)
        return 0;
    w->b.n = 0;
    msgpack_packer_init(&pk, &w->b, buf_packer_write);
    msgpack_pack_map(&pk, 3);
    pack_str(&pk, "rlvr");
    msgpack_pack_int(&pk, 1);
    pack_str(&pk, "kind");
    pack_str(&pk, kind);
    pack_str(&pk, "made_by");
    msgpack_pack_array(&pk, (size_t)n + !!tool);
    if (n_bytes)
        buf_put(&w->b, made_by, n_bytes);
    if (tool) {
        msgpack_pack_map(&pk, (size_t)w->n_pairs + 1);
        pack_str(&pk, "tool");
        pack_str(&pk, tool);
        buf_put(&w->b, w->pairs.p, w->pairs.n);
    }
    hash_update(w->hash, w->b.p, w->b.n);
    return emit(w, ZSTD_e_continue, e);
}

static int json_line(const struct rec *r, struct buf *b, struct err *e)
{
    int x;

    buf_puts(b, "{");
    for (size_t i = 0; i < r->n; i++) {
        const struct field *f = &r->f[i];

        buf_puts(b, i ? "," : "");
        json_quote(b, f->key, f->n_key);
        buf_puts(b, ":");
        x = value_json(b, &f->val, 1, field_name(f).s, e);
        if (x < 0)
            return x;
    }
    buf_puts(b, "}\n");
    return 0;
}

/* What a reader would refuse must not be written. Strings and keys of fields
 * that were read are checked already. */
static int check_fields(const struct rec *r, struct err *e)
{
    if (r->n && r->f[0].n_key == 3 && !memcmp(r->f[0].key, "end", 3))
        return err_set(e, ERR_DATA,
                       "a record cannot begin with a field named end");
    for (size_t i = 0; i < r->n; i++) {
        const struct field *f = &r->f[i];
        struct field_name name;
        int x;

        if (field_is_finite(f))
            continue;
        name = field_name(f);
        x = value_finite(&f->val, name.s, e);
        if (!x && !f->raw)
            x = value_check(&f->val, name.s, e);
        if (x < 0)
            return x;
    }
    return 0;
}

/* A record that was read has its place there, one of our own here. */
static int about(const struct rec_writer *w, const struct rec *r, struct err *e)
{
    struct err old = *e;

    if (r->name)
        return rec_bad(r, e, "%.700s", old.msg);
    return err_set(e, ERR_DATA, "%s: record %llu: %.700s", w->name,
                   (unsigned long long)w->n + 1, old.msg);
}

int rec_write(struct rec_writer *w, const struct rec *r, struct err *e)
{
    struct err own;
    int x;

    e = e ? e : &own;
    if (!w->header_done)
        return err_set(e, ERR_USAGE, "a record was written before a header");
    if (check_fields(r, e) < 0)
        return about(w, r, e);
    w->b.n = 0;
    if (w->json) {
        if (json_line(r, &w->b, e) < 0)
            return about(w, r, e);
    } else {
        rec_pack(r, &w->b);
    }
    if (w->b.n > REC_MAX_BYTES) {
        err_set(e, ERR_DATA, "is longer than 64 MiB");
        return about(w, r, e);
    }
    if (!w->json)
        hash_update(w->hash, w->b.p, w->b.n);
    x = emit(w, ZSTD_e_continue, e);
    if (x < 0)
        return x;
    w->n++;
    return 0;
}

int rec_commit(struct rec_writer **wp, struct err *e)
{
    struct rec_writer *w = *wp;
    int x = 0;

    w->b.n = 0;
    if (!w->json) {
        msgpack_packer pk;

        if (!w->header_done)
            x = err_set(e, ERR_USAGE, "a stream ended before its header");
        msgpack_packer_init(&pk, &w->b, buf_packer_write);
        msgpack_pack_map(&pk, 3);
        pack_str(&pk, "end");
        msgpack_pack_int(&pk, 1);
        pack_str(&pk, "records");
        msgpack_pack_uint64(&pk, w->n);
        pack_str(&pk, "checksum");
        msgpack_pack_uint64(&pk, hash_value(w->hash));
    }
    if (!x)
        x = emit(w, ZSTD_e_end, e);
    if (x < 0) {
        rec_abort(wp);
        return x;
    }
    x = file_commit(&w->f, e);
    drop(wp);
    return x;
}

int rec_print(const struct rec *r, const char *path, struct err *e)
{
    struct rec_writer *w;
    int x = rec_create(&w, path, REC_JSON, e);

    if (!x)
        x = rec_header(w, "plan", "", NULL, e); /* JSON lines have none */
    if (!x)
        x = rec_write(w, r, e);
    if (!x)
        return rec_commit(&w, e);
    rec_abort(&w);
    return x;
}
