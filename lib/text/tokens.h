/* tokens - a record's text to tokens and back: what tokenize does */
#ifndef ULP_TEXT_TOKENS_H
#define ULP_TEXT_TOKENS_H
#include "../record/filter.h"

/* Texts are borrowed until close. */
struct tokens_opts {
    const char *tokenizer, *template; /* see text/tok.h, text/template.h */
    const char *const *args; /* of the template, n_args; see text/chat.h */
    int n_args;
    const char *from, *to; /* field that is read, field that is set */
    int decode;            /* from tokens to text */
    int specials;          /* parse special tokens, or keep them in the text */
    int strict;            /* a record is a whole prompt row, no id twice */
    int max_tokens;        /* more than these are left out; 0: never */
    int too_long_fails;    /* ... are a bad record instead */
};

struct tokens_count {
    uint64_t tokens, bytes; /* of the records that stay */
    uint64_t too_long;      /* records left out */
};

struct tokens;

/* Opens tokenizer and template. On error *t is NULL. */
int tokens_open(struct tokens **t, const struct tokens_opts *o,
                struct err *e) MUST_CHECK;
void tokens_close(struct tokens **t);
/* What determines the bytes, into f's header. */
void tokens_made_by(const struct tokens *t, struct filter *f);
/* 1: o->to is set; 0: too long, to be left out; negative: error. */
int tokens_set(struct tokens *t, struct rec *rec, struct err *e) MUST_CHECK;
/* A line to tell the user, or NULL; see tok_note. */
const char *tokens_note(const struct tokens *t);
const struct tokens_count *tokens_count(const struct tokens *t);

#endif
