/* code_item - an item of code.h: checked, copied, compared. Internal to
 * lib/verify.
 */
#ifndef ULP_VERIFY_CODE_ITEM_H
#define ULP_VERIFY_CODE_ITEM_H
#include "code.h"

/* ERR_DATA: entry_point is no identifier, or a text is longer than
 * CODE_MAX_TEXT. */
int code_item_check(const struct code_item *i, struct err *e) MUST_CHECK;
/* The copy owns its texts. */
struct code_item code_item_copy(const struct code_item *item);
/* Of a copy. */
void code_item_free(struct code_item *i);
/* The texts alone decide a verdict. */
int code_item_same(const struct code_item *a, const struct code_item *b);

#endif
