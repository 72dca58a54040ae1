/* reader_impl - what the parts of a reader share
 *
 * reader.c calls reader_ends.c, which calls reader_object.c. Internal to
 * lib/record.
 */
#ifndef ULP_RECORD_READER_IMPL_H
#define ULP_RECORD_READER_IMPL_H
#include "impl.h"
#include "../base/source.h"

/* Where the reader stands: before a stream, after its header, at the end of
 * the input. */
enum where { BETWEEN, INSIDE, ENDED };

struct rec_reader {
    struct source *src;
    struct rec rec;
    enum where where;
    int streams;    /* headers, and runs of JSON lines, seen */
    int in_rows;    /* the last record was a JSON line */
    uint64_t count; /* records of all streams */
    uint64_t in_stream;
    uint64_t line;     /* of JSON lines */
    size_t lent;       /* bytes of the source that rec points into */
    struct hash *hash; /* of the current stream */
    char kind[64];
    char *header_json; /* of the last header */
    int have_header;
    char *made_by; /* entries of the first header, back to back */
    size_t n_made_by_bytes;
    uint32_t n_made_by;
    int pending; /* a header was looked for ahead: 1, or the error below */
    struct err pending_err;
};

/* The next object, complete in the source's window and parsed into r->rec. */
int reader_object(struct rec_reader *r, struct err *e) MUST_CHECK;
/* Its bytes belong to the stream's checksum. */
void reader_count_bytes(struct rec_reader *r);
/* The header of a stream that begins at the source's next byte. */
int reader_header(struct rec_reader *r, struct err *e) MUST_CHECK;
/* r->rec is an end map: hold it against what was read. */
int reader_end(struct rec_reader *r, struct err *e) MUST_CHECK;
/* The error of an input that stops too early. */
int reader_cut(const struct rec_reader *r, const char *how, struct err *e);
/* Put input and record (or header) before the message in e. */
int reader_at_object(const struct rec_reader *r, struct err *e);

#endif
