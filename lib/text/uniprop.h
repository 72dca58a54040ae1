/* uniprop - what a character is: letter, number, space, safe under NFC
 *
 * The classes are those of Hugging Face tokenizers (uniprop_data.h), whatever
 * the Unicode version of the libraries here.
 */
#ifndef ULP_TEXT_UNIPROP_H
#define ULP_TEXT_UNIPROP_H
#include <stdint.h>

enum {
    UNI_LETTER = 1,      /* \p{L} */
    UNI_NUMBER = 2,      /* \p{N} */
    UNI_SPACE = 4,       /* \s */
    UNI_NEWLINE = 8,     /* \r and \n */
    UNI_NFC_UNSAFE = 16, /* NFC changes it, or joins it with what precedes */
    UNI_COMBINING = 32,  /* canonical combining class is not 0 */
    UNI_NUMERIC = 64,    /* what Digits cuts out: \p{N} of other tables */
    UNI_WORD = 128,      /* \w beside a single-word token */
    UNI_UPPER = 256,     /* \p{Lu}\p{Lt} */
    UNI_LOWER = 512,     /* \p{Ll} */
    UNI_MARK = 1024,     /* \p{M} */
    UNI_PUNCT = 2048     /* \p{P}\p{S} */
};
#define UNI_SIZE 0x110000

/* UNI_SIZE sets of flags, one per character; malloc'd, the caller's. */
uint16_t *uniprop_build(void);
/* Pairs (first, last) closed by (0, 0): what \p{name} holds beyond Unicode
 * 14; NULL for a property that we have no table for. */
const uint32_t *uniprop_more(const char *name);

#endif
