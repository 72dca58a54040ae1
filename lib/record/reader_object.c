/* reader_object - the next object of a stream, and truncated streams */
#include "../base/hash.h"
#include "reader_impl.h"
#include "scan.h"

int reader_cut(const struct rec_reader *r, const char *how, struct err *e)
{
    return err_set(e, ERR_DATA,
                   "%s: truncated: %llu record%s read, then it stops %s",
                   source_name(r->src), (unsigned long long)r->count,
                   r->count == 1 ? "" : "s", how);
}

int reader_at_object(const struct rec_reader *r, struct err *e)
{
    if (r->where == BETWEEN)
        return err_prefix(e, "%s: header", source_name(r->src));
    return err_prefix(e, "%s: record %llu", source_name(r->src),
                      (unsigned long long)r->count + 1);
}

void reader_count_bytes(struct rec_reader *r)
{
    size_t n;

    hash_update(r->hash, source_bytes(r->src, &n), r->lent);
}

int reader_object(struct rec_reader *r, struct err *e)
{
    struct scan scan;
    const char *p;
    size_t n;
    int x;

    scan_begin(&scan);
    for (;;) {
        p = source_bytes(r->src, &n);
        if (n && scan.at == 0) {
            unsigned c = (unsigned char)p[0];

            if ((c < 0x80 || c > 0x8f) && c != 0xde && c != 0xdf) {
                err_set(e, ERR_DATA, "found byte 0x%02x, expected a map", c);
                return reader_at_object(r, e);
            }
        }
        x = n ? scan_run(&scan, p, n) : 0;
        if (x < 0) {
            err_set(e, ERR_DATA, "%s", scan.why);
            return reader_at_object(r, e);
        }
        if (x)
            break;
        x = source_more(r->src, e);
        if (x < 0)
            return x;
        if (!x)
            return reader_cut(r,
                              r->where == BETWEEN ? "inside the header"
                              : n                 ? "inside the next one"
                                                  : "without an end record",
                              e);
    }
    r->lent = scan.at;
    if (rec_parse(&r->rec, p, scan.at, e) < 0)
        return reader_at_object(r, e);
    return 0;
}
