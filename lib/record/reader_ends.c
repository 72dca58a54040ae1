/* reader_ends - the header and the end map of a stream */
#include <stdlib.h>
#include <string.h>
#include "../base/hash.h"
#include "../base/json_text.h"
#include "reader_impl.h"

/* made_by of the first header is what the next program carries on. */
static int keep_made_by(struct rec_reader *r, struct err *e)
{
    const msgpack_object *o = rec_find(&r->rec, "made_by");
    struct buf b = {0};
    msgpack_packer pk;

    if (!o || r->have_header)
        return 0;
    if (o->type != MSGPACK_OBJECT_ARRAY)
        return err_set(e, ERR_DATA, "made_by: found %s, expected array",
                       value_type(o));
    msgpack_packer_init(&pk, &b, buf_packer_write);
    for (uint32_t i = 0; i < o->via.array.size; i++)
        msgpack_pack_object(&pk, o->via.array.ptr[i]);
    r->n_made_by = o->via.array.size;
    r->made_by = b.p;
    r->n_made_by_bytes = b.n;
    return 0;
}

static void keep_header_json(struct rec_reader *r)
{
    struct buf b = {0};

    buf_puts(&b, "{");
    for (size_t i = 0; i < r->rec.n; i++) {
        buf_puts(&b, i ? "," : "");
        json_quote(&b, r->rec.f[i].key, r->rec.f[i].n_key);
        buf_printf(&b, ":%s", rec_field_json(&r->rec, i));
    }
    buf_puts(&b, "}");
    free(r->header_json);
    r->header_json = xstrdup(buf_str(&b));
    buf_free(&b);
}

int reader_header(struct rec_reader *r, struct err *e)
{
    struct rec_str kind = {"", 0};
    int64_t version = 0;
    int x = reader_object(r, e);

    if (x < 0)
        return x;
    if (rec_get_i64(&r->rec, "rlvr", &version, e) <= 0 || version != 1) {
        if (rec_find(&r->rec, "rlvr") && version)
            return err_set(e, ERR_DATA,
                           "%s: header: stream version %lld, expected 1",
                           source_name(r->src), (long long)version);
        return err_set(e, ERR_DATA,
                       "%s: not a record stream: it begins with a map that "
                       "has no \"rlvr\": 1",
                       source_name(r->src));
    }
    r->rec.name = NULL;
    if (rec_get_str(&r->rec, "kind", &kind, e) < 0 || keep_made_by(r, e) < 0)
        return reader_at_object(r, e);
    snprintf(r->kind, sizeof r->kind, "%s", kind.s);
    r->have_header = 1;
    keep_header_json(r);
    hash_close(&r->hash);
    r->hash = hash_open();
    reader_count_bytes(r);
    r->streams++;
    r->in_rows = 0;
    r->in_stream = 0;
    r->where = INSIDE;
    return 0;
}

int reader_end(struct rec_reader *r, struct err *e)
{
    uint64_t one = 0, records = 0, sum = 0;

    r->rec.name = NULL;
    if (rec_get_u64(&r->rec, "end", &one, e) <= 0 || one != 1 ||
        rec_get_u64(&r->rec, "records", &records, e) <= 0 ||
        rec_get_u64(&r->rec, "checksum", &sum, e) <= 0)
        return err_set(e, ERR_DATA,
                       "%s: damaged end record after %llu "
                       "records",
                       source_name(r->src), (unsigned long long)r->count);
    if (records != r->in_stream)
        return err_set(e, ERR_DATA,
                       "%s: the end record counts %llu records, "
                       "%llu were read",
                       source_name(r->src), (unsigned long long)records,
                       (unsigned long long)r->in_stream);
    if (sum != hash_value(r->hash))
        return err_set(e, ERR_DATA,
                       "%s: the checksum of %llu records does "
                       "not match: some bytes were changed",
                       source_name(r->src), (unsigned long long)r->in_stream);
    r->where = BETWEEN;
    return 0;
}
