/* tok - byte-level BPE as Hugging Face tokenizer.json describes it
 *
 * What the file asks for and we do not implement is refused by name.
 */
#ifndef ULP_TEXT_TOK_H
#define ULP_TEXT_TOK_H
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

struct tok;

struct tok_ids {
    int32_t *v; /* owned by the struct, grown with realloc; free with
                   tok_ids_free */
    size_t n, cap;
};

/* dir: a directory with tokenizer.json (tokenizer_config.json is read when it
 * is there: eos_token, chat_template), or the file itself. */
int tok_open(struct tok **t, const char *dir, struct err *e) MUST_CHECK;
void tok_close(struct tok **t);
/* Appends to ids. text is UTF-8; invalid UTF-8 is an ERR_DATA error.
 * specials: 1 = special tokens inside the text are parsed. */
int tok_encode(struct tok *t, const char *text, size_t n, int specials,
               struct tok_ids *ids, struct err *e) MUST_CHECK;
void tok_ids_free(struct tok_ids *ids);
/* The bytes of a token; NULL (n = 0) for an id outside the vocabulary. A
 * token may end inside a character. */
const char *tok_bytes(const struct tok *t, int32_t id, size_t *n);
int tok_is_special(const struct tok *t, int32_t id);
/* Decodes ids to text: malloc'd, NUL-terminated; *n bytes. Special tokens are
 * left out when skip_specials. Bytes that are not UTF-8 become U+FFFD, as
 * in Hugging Face's decoder. */
int tok_decode(const struct tok *t, const int32_t *ids, size_t n_ids,
               int skip_specials, char **text, size_t *n, struct err *e)
    MUST_CHECK;
int32_t tok_id(const struct tok *t, const char *token); /* or -1 */
int tok_vocab(const struct tok *t); /* largest id + 1 */
int32_t tok_eos(const struct tok *t); /* of tokenizer_config.json, or -1 */
const char *tok_chat_template(const struct tok *t); /* or NULL */

#endif
