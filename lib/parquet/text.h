/* text - a value of a column as JSON text
 *
 * Integers and decimals keep all digits; floats are the shortest decimal that
 * reads back the same, NaN and infinities (which JSON does not have) null.
 */
#ifndef ULP_PARQUET_TEXT_H
#define ULP_PARQUET_TEXT_H
#include "../base/buf.h"
#include "values.h"

/* NULL, or what is wrong with the value. */
const char *text_value(struct buf *b, const struct node *leaf,
                       const struct value *v);

#endif
