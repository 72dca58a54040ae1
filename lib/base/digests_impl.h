/* digests_impl - what digests.c and digests_write.c share
 *
 * Internal to lib/base.
 */
#ifndef ULP_BASE_DIGESTS_IMPL_H
#define ULP_BASE_DIGESTS_IMPL_H
#include "digests.h"

/* Digest of a list's text, in which the 32 digits `own` count as zeros. */
void digests_own(const char *text, size_t n, const char *own, char out[33]);

#endif
