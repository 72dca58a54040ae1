/* split - cut text into the pieces that BPE works on
 *
 * A Split of tokenizer.json is a regular expression or a text, and what
 * becomes of its matches. Well-known patterns are cut by hand-written code
 * (split_forms.h); any other goes through PCRE2, its syntax checked first: a
 * construct that does not surely mean the same in both engines is refused by
 * name.
 */
#ifndef ULP_TEXT_SPLIT_H
#define ULP_TEXT_SPLIT_H
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

enum split_keep {                    /* what becomes of a match */
                  SPLIT_ISOLATED,    /* a piece of its own */
                  SPLIT_REMOVED,     /* left out */
                  SPLIT_CONTIGUOUS,  /* one piece with the matches beside it */
                  SPLIT_TO_PREVIOUS, /* the end of the piece before it */
                  SPLIT_TO_NEXT      /* the beginning of the piece behind it */
};
struct split_rule {
    const char *pattern; /* NULL: one number, as Digits knows them */
    int literal;         /* the pattern is the text itself */
    int invert;          /* matches are what the pattern does not match */
    enum split_keep keep;
};

struct split; /* one rule */

/* where: for messages, "pre_tokenizer.pattern". force_regex: PCRE2 also for
 * known patterns (tests). prop is borrowed. */
int split_open(struct split **s, const struct split_rule *rule, int force_regex,
               const uint16_t *prop, const char *where,
               struct err *e) MUST_CHECK;
void split_close(struct split **s);
/* Length of the piece that begins at p (p < end), and whether it is left out;
 * text is valid UTF-8 and begin where it starts, the first p of each text.
 * Negative: error. */
int split_next(struct split *s, const unsigned char *begin,
               const unsigned char *p, const unsigned char *end, size_t *n,
               int *left_out, struct err *e) MUST_CHECK;
int split_is_fast(const struct split *s);

/* The pattern in PCRE2's words; malloc'd. (split_regex.c) */
int split_translate(const char *pattern, const char *where, char **out,
                    struct err *e) MUST_CHECK;

#endif
