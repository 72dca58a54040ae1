/* tok_impl - what the files of the tokenizer share; not for other folders */
#ifndef ULP_TEXT_TOK_IMPL_H
#define ULP_TEXT_TOK_IMPL_H
#include "bpe.h"
#include "nfc.h"
#include "split.h"
#include "tok.h"
#include "uniprop.h"
#include "vocab.h"

/* Limits: pre-tokenizer splits, tokens put before a text, named tokens, bytes
 * of a text. */
#define TOK_MAX_SPLITS 16
#define TOK_MAX_BEGIN 8
#define TOK_MAX_NAMED 7
#define TOK_MAX_TEXT (1u << 30)

struct added { /* a token that is found before anything is split */
    char *content;
    size_t n;
    int32_t id;
    int special, normalized, lstrip, rstrip, single_word;
};

/* Added tokens of one kind, by first byte, longest first. */
struct added_set {
    int n;
    int *order;     /* indices into tok.added */
    int first[256]; /* where a first byte's tokens begin in order */
    int count[256];
    int only; /* the one first byte of all, or -1 */
};

struct tok {
    char *name; /* the path of tokenizer.json, for messages */
    char digest[33];
    uint16_t *prop;
    struct vocab v;
    struct bpe bpe;
    int use_nfc;
    struct nfc_buf nfc, nfc_border;
    struct split *split[TOK_MAX_SPLITS];
    int n_splits;
    int prefix_at;  /* before this split each piece gets a space; or -1 */
    char *prefixed; /* the last piece that got one */
    size_t prefixed_cap;
    int32_t begin[TOK_MAX_BEGIN]; /* before each text: tok_put_begin */
    int n_begin;
    char *note; /* tok_note, or NULL */
    struct added *added;
    int n_added;
    struct added_set raw, normal; /* found before and after normalizing */
    int32_t eos;
    struct { /* bos_token and others, for chat templates */
        const char *name;
        char *token;
    } named[TOK_MAX_NAMED];
    int n_named;
    struct { /* name "": the only one, or chat_template.jinja */
        char *name, *text;
    } * chat;
    int n_chats;
    char *joined; /* parts put together */
    size_t joined_cap;
};

enum { TOK_FORCE_REGEX = 1 }; /* PCRE2 also for patterns that we know */

/* tok_open from memory, without a directory; name is for messages. */
int tok_open_text(struct tok **t, const char *text, size_t n, const char *name,
                  int flags, struct err *e) MUST_CHECK;
int tok_load(struct tok *t, const char *text, size_t n, int flags,
             struct err *e) MUST_CHECK;
/* The parts of tokenizer.json other than vocab and merges. (tok_parts.c) */
struct json_t;
int tok_load_parts(struct tok *t, const struct json_t *root, int flags,
                   struct err *e) MUST_CHECK;
/* The pre_tokenizer. (tok_pre.c) */
int tok_load_pre(struct tok *t, const struct json_t *o, int flags,
                 struct err *e) MUST_CHECK;
/* What they share (tok_json.c): "FILE: WHAT: only byte-level BPE is read, ..."; an object's
 * type, or ""; checks a ByteLevel's members. */
int tok_not_byte_level(struct tok *t, const char *what,
                       struct err *e) MUST_CHECK;
const char *tok_type_of(const struct json_t *o);
int tok_byte_level(struct tok *t, const struct json_t *o, const char *where,
                   int *prefix, int *regex, struct err *e) MUST_CHECK;
/* "FILE: where.key VALUE is not supported"; all keys of
 * o are among the words of `known`; a boolean with a default. */
int tok_unsupported(struct tok *t, struct err *e, const char *where,
                    const char *key, const struct json_t *v) MUST_CHECK;
int tok_check_keys(struct tok *t, const struct json_t *o, const char *where,
                   const char *known, struct err *e) MUST_CHECK;
int tok_get_flag(struct tok *t, const struct json_t *o, const char *where,
                 const char *key, int absent, int *out,
                 struct err *e) MUST_CHECK;
/* (tok_added.c) */
int tok_load_added(struct tok *t, const struct json_t *root,
                   struct err *e) MUST_CHECK;
/* (tok_config.c) */
int tok_load_config(struct tok *t, const char *dir, struct err *e) MUST_CHECK;
void tok_add_chat(struct tok *t, const char *name, const char *text, size_t n);
void tok_drop_chats(struct tok *t);

#endif
