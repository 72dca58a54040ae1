/* tok - byte-level BPE as Hugging Face tokenizer.json describes it
 *
 * What the file asks for and we do not implement is refused by name.
 */
#ifndef ULP_TEXT_TOK_H
#define ULP_TEXT_TOK_H
#include <stddef.h>
#include <stdint.h>
#include "../base/buf.h"
#include "../base/err.h"

struct tok;

struct tok_ids {
    int32_t *v; /* owned by the struct, grown with realloc; free with
                   tok_ids_free */
    size_t n, cap;
};

/* dir: a directory with tokenizer.json, or the file itself. Beside it,
 * tokenizer_config.json is read when it is there (eos_token, chat_template),
 * and chat_template.jinja, which counts before that field. Not for use by
 * two threads at once: encoding keeps a cache inside. */
int tok_open(struct tok **t, const char *dir, struct err *e) MUST_CHECK;
void tok_close(struct tok **t);
/* Appends to ids. text is UTF-8; invalid UTF-8 is an ERR_DATA error.
 * specials: 1 = special tokens inside the text are parsed. */
int tok_encode(struct tok *t, const char *text, size_t n, int specials,
               struct tok_ids *ids, struct err *e) MUST_CHECK;
void tok_ids_free(struct tok_ids *ids);
/* The tokens that tokenizer.json puts before each text (a TemplateProcessing:
 * mostly the begin token), in front of ids, unless ids begin with them. A text
 * that a chat template made needs none: it says itself what it begins with. */
void tok_put_begin(const struct tok *t, struct tok_ids *ids);

/* A text made of parts: encoded as one text, except that special tokens are
 * parsed only where they lie wholly inside parts that say so. This is how a
 * template's own marks count while the same characters in a user's text do
 * not. (Added tokens that are not special are parsed everywhere, as
 * Hugging Face does.) */
struct tok_part {
    const char *s;
    size_t n;
    int specials;
};
int tok_encode_parts(struct tok *t, const struct tok_part *part, size_t n,
                     struct tok_ids *ids, struct err *e) MUST_CHECK;

/* The bytes of a token; NULL (n = 0) for an id outside the vocabulary. A
 * token may end inside a character. */
const char *tok_bytes(const struct tok *t, int32_t id, size_t *n);
int tok_is_special(const struct tok *t, int32_t id);
/* Decodes ids to text: malloc'd, NUL-terminated; *n bytes. Special tokens are
 * left out when skip_specials. Bytes that are not UTF-8 become U+FFFD, as
 * in Hugging Face's decoder; an id above the vocabulary is no text (a
 * model's vocabulary is often padded), a negative one an error. */
int tok_decode(const struct tok *t, const int32_t *ids, size_t n_ids,
               int skip_specials, char **text, size_t *n,
               struct err *e) MUST_CHECK;
/* Tokens as quoted pieces with spaces between, special ones bare, appended to
 * out: 'The' ' cat' <|im_end|>. Bytes outside ASCII show as \xHH. */
void tok_pieces(const struct tok *t, const int32_t *ids, size_t n_ids,
                struct buf *out);

/* Decoding token by token. What tok_stream_push gives, put together, is what
 * tok_decode gives; bytes of an unfinished character wait for the next token.
 *
 *     struct tok_stream s = {.t = t};
 *     p = tok_stream_push(&s, id, &n) ...; p = tok_stream_end(&s, &n);
 *     tok_stream_free(&s);
 */
struct tok_stream {
    const struct tok *t;
    int skip_specials;
    /* private */
    unsigned char *out; /* the bytes given last, then those that wait */
    size_t n_given, n, cap;
};
/* Text that this token completes; the view lasts until the next call. */
const char *tok_stream_push(struct tok_stream *s, int32_t id, size_t *n);
/* What still waits, as U+FFFD; the stream can begin anew after it. */
const char *tok_stream_end(struct tok_stream *s, size_t *n);
void tok_stream_free(struct tok_stream *s);

int32_t tok_id(const struct tok *t, const char *token); /* or -1 */
/* "2,<|im_end|>", ids and token texts with commas between, into ids; gives
 * their number, at most cap. dir is opened when there is a text among them;
 * `what` stands before a message (the option that was given). */
int tok_list(const char *dir, const char *text, const char *what, int32_t *ids,
             int cap, struct err *e) MUST_CHECK;
/* A line to tell the user: what the file says that has no effect; or NULL. */
const char *tok_note(const struct tok *t);
/* 32 hex digits over the tokenizer.json: what determines ids. */
const char *tok_digest(const struct tok *t);
int tok_vocab(const struct tok *t);   /* largest id + 1 */
int32_t tok_eos(const struct tok *t); /* of tokenizer_config.json, or -1 */
/* The chat template of that name where a model has several, NULL: the default;
 * NULL when there is none. */
const char *tok_chat_template(const struct tok *t, const char *name);

#endif
