/* pychar - texts as Python sees them: characters, white space, digits
 *
 * For rules that were written in Python and are to be kept to the letter. A
 * text is UTF-8; a byte that is no UTF-8 counts as one character.
 */
#ifndef ULP_VERIFY_PYCHAR_H
#define ULP_VERIFY_PYCHAR_H
#include <stdint.h>
#include "norm.h"

/* The character at t.s[at], or -1, and its bytes in *n. */
int32_t pychar_at(struct text t, size_t at, size_t *n);
/* Where the next one begins, and the one that ends at `at`. */
size_t pychar_next(struct text t, size_t at);
size_t pychar_previous(struct text t, size_t at);
/* str[-n:] */
struct text pychar_last(struct text t, int n);
/* str.strip() */
struct text pychar_strip(struct text t);
/* str.isdigit() of one character */
int pychar_is_digit(int32_t c);
/* Past white space at `at`. */
size_t pychar_skip_space(struct text t, size_t at);
/* The next line feed at or behind `at`, or t.n. */
size_t pychar_line_end(struct text t, size_t at);

#endif
