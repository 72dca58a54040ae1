/* unpack - msgpack objects out of bytes
 *
 * Internal to lib/record. As msgpack_unpack of msgpack-c builds them; short
 * strings and arrays of numbers, which are most of a record, without its
 * calls for each byte and element.
 */
#ifndef ULP_RECORD_UNPACK_H
#define ULP_RECORD_UNPACK_H
#include <msgpack.h>
#include "../base/err.h"

/* The object at p + *off, of n bytes in all; *off is moved behind it. Its
 * strings are lent from p, its arrays are of zone. */
int unpack_object(const char *p, size_t n, size_t *off, msgpack_zone *zone,
                  msgpack_object *o, struct err *e) MUST_CHECK;
#endif
