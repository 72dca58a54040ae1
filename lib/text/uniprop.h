/* uniprop - what a character is: letter, number, space, safe under NFC
 *
 * The classes are those of Hugging Face tokenizers (uniprop_data.h), whatever
 * the Unicode version of the libraries here.
 */
#ifndef ULP_TEXT_UNIPROP_H
#define ULP_TEXT_UNIPROP_H
#include <stdint.h>

enum {
    UNI_LETTER = 1, /* \p{L} */
    UNI_NUMBER = 2, /* \p{N} */
    UNI_SPACE = 4,  /* \s */
    UNI_NEWLINE = 8,     /* \r and \n */
    UNI_NFC_UNSAFE = 16, /* NFC changes it, or joins it with what precedes */
    UNI_COMBINING = 32   /* canonical combining class is not 0 */
};
#define UNI_SIZE 0x110000

/* UNI_SIZE bytes of flags, one per character; malloc'd, the caller's. */
uint8_t *uniprop_build(void);
/* Pairs (first, last) closed by (0, 0): what \p{name} holds beyond Unicode
 * 14; NULL for a property that we have no table for. */
const uint32_t *uniprop_more(const char *name);

#endif
