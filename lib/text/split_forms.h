/* split_forms - well-known patterns, cut by hand-written code
 *
 * A form finds what one regular expression (or Digits) finds, several times
 * as fast: text is cut into segments, which are matches or the text between
 * two. tests/unit/text_tok.c and the fuzzer compare each with PCRE2.
 */
#ifndef ULP_TEXT_SPLIT_FORMS_H
#define ULP_TEXT_SPLIT_FORMS_H
#include <stdint.h>

struct split_form {
    const char *pattern; /* its line ends as escapes; NULL: no pattern */
    /* End of the segment that begins at p (p < end), valid UTF-8 that nothing
     * before p matters to; *match says what it is and is 1 before. */
    const unsigned char *(*next)(const struct split_form *f,
                                 const uint16_t *prop, const unsigned char *p,
                                 const unsigned char *end, int *match);
    int max_digits;   /* characters in a match of numbers */
    int contractions; /* 's and the like belong to a word */
    uint16_t flag;    /* the UNI_* of numbers */
};

extern const char split_gpt2[]; /* the pattern of ByteLevel use_regex */
/* The form of a pattern, or NULL. */
const struct split_form *split_form_find(const char *pattern);
extern const struct split_form split_form_digits; /* each one a match */

#endif
