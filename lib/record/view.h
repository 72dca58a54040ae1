/* view - a record as text for people: aligned fields, long values cut short
 *
 *     struct view v = { .width = 80, .lines = 12 };
 *     view_record(&b, rec, &v);
 */
#ifndef ULP_RECORD_VIEW_H
#define ULP_RECORD_VIEW_H
#include "../base/buf.h"
#include "rec.h"

struct view {
    int width; /* columns of a line; at least 20 are used */
    int lines; /* at most this many for one field; 0 = all */
    /* Text to show below the array `path` (its tokens decoded), or NULL. */
    void (*decode)(void *ctx, const char *path, struct rec *r, struct buf *out);
    void *ctx;
};

/* The most recent header of a reader: its name, then "name  value" lines;
 * made_by has one line per program. */
void view_header(struct buf *b, const struct rec_reader *in);
/* "record N" and its fields, an empty line at the end. */
void view_record(struct buf *b, struct rec *r, uint64_t number,
                 const struct view *v);
/* One field for the shell: a str as it is, with \t \n \\ escaped, anything
 * else as JSON; nothing when it is absent. */
void view_plain(struct buf *b, struct rec *r, const char *path);

#endif
