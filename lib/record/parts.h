/* parts - a stream written as several: one for each value of a field
 *
 * The path has {} where the value stands. Each part is a stream of its own,
 * with header and end, whole or not at all. Its made_by is that of a stream of
 * the value alone: an argument KEY.VALUE stands under KEY (SCHEMA.md).
 */
#ifndef ULP_RECORD_PARTS_H
#define ULP_RECORD_PARTS_H
#include "rec.h"

struct parts;

/* path and field are borrowed until they are committed or aborted. */
int parts_open(struct parts **s, const char *path, const char *field,
               enum rec_format format, struct err *e) MUST_CHECK;
/* As rec_made_by, rec_header, rec_write, rec_commit and rec_abort. */
void parts_made_by(struct parts *s, const char *key, const char *value);
int parts_header(struct parts *s, const char *kind, const char *tool,
                 const struct rec_reader *from, struct err *e) MUST_CHECK;
int parts_write(struct parts *s, const struct rec *r, struct err *e) MUST_CHECK;
int parts_commit(struct parts **s, struct err *e) MUST_CHECK;
void parts_abort(struct parts **s);

#endif
