/* nfc - Unicode normalization form C, as Hugging Face tokenizers has it
 *
 * Decompositions, combining classes and compositions come from utf8proc;
 * characters that the reference library's older tables do not know are left
 * alone (uniprop.h), so that the result is the same to the byte. Linear time
 * but for one n log n sort per run of combining marks.
 */
#ifndef ULP_TEXT_NFC_H
#define ULP_TEXT_NFC_H
#include <stddef.h>
#include <stdint.h>

struct nfc_buf { /* {0} to begin with */
    char *text;
    size_t n, cap;
    uint32_t *cp; /* work space: class << 24 | character */
    uint32_t *tmp;
    size_t cp_cap;
};

/* The NFC of valid UTF-8: s itself when it is normal already, else a view of
 * b->text that lasts until the next call. */
const char *nfc_text(struct nfc_buf *b, const uint16_t *prop, const char *s,
                     size_t n, size_t *out_n);
void nfc_free(struct nfc_buf *b);

#endif
