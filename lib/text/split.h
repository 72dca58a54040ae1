/* split - cut text into the pieces that BPE works on
 *
 * A Split of tokenizer.json is a regular expression. The well-known patterns
 * (GPT-2's, cl100k's and Llama 3's, Qwen2's) are recognised by their text and
 * cut by hand-written code; any other goes through PCRE2, its syntax checked
 * first: a construct that does not surely mean the same in both engines is
 * refused by name.
 */
#ifndef ULP_TEXT_SPLIT_H
#define ULP_TEXT_SPLIT_H
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

extern const char split_gpt2[]; /* the pattern of ByteLevel use_regex */

struct split; /* one pattern */

/* where: for messages, "pre_tokenizer.pattern". force_regex: PCRE2 also for
 * known patterns (tests). prop is borrowed. */
int split_open(struct split **s, const char *pattern, int force_regex,
               const uint8_t *prop, const char *where, struct err *e)
    MUST_CHECK;
void split_close(struct split **s);
/* Length of the piece that begins at p (p < end); text is valid UTF-8 and
 * begin where it starts. Negative: error. */
int split_next(struct split *s, const unsigned char *begin,
               const unsigned char *p, const unsigned char *end, size_t *n,
               struct err *e) MUST_CHECK;
int split_is_fast(const struct split *s);

/* The pattern in PCRE2's words; malloc'd. (split_regex.c) */
int split_translate(const char *pattern, const char *where, char **out,
                    struct err *e) MUST_CHECK;

#endif
