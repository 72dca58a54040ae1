/* tokens - a record's text to tokens and back */
#include <stdlib.h>
#include "../record/prompt.h"
#include "template.h"
#include "tokens.h"

struct tokens {
    const struct tokens_opts *o;
    struct tok *tok;
    struct template *template;
    struct tok_ids ids;
    struct prompt_ids *seen;
    struct tokens_count count;
};

/* The parts of one record's text; gives their number. */
static int parts(struct tokens *t, struct rec *rec, struct tok_part *part,
                 struct err *e)
{
    struct template_input in = {0};
    struct tok_part choice[26];
    const struct rec_str *v;
    struct rec_str text;
    size_t n = 0;
    int r = rec_need_str(rec, t->o->from, &text, e);

    if (r)
        return r;
    if (template_is_none(t->template)) {
        part[0] = (struct tok_part){text.s, text.n, t->o->specials};
        return 1;
    }
    r = rec_get_strs(rec, "choices", &v, &n, e);
    if (r < 0)
        return r;
    if (r && n > 26)
        return rec_bad(rec, e, "choices: %zu of them, expected up to 26", n);
    for (size_t i = 0; r && i < n; i++)
        choice[i] = (struct tok_part){v[i].s, v[i].n, 0};
    in.prompt = text.s;
    in.n = text.n;
    in.choices = choice;
    in.n_choices = r ? n : 0;
    return template_render(t->template, &in, part, e);
}

static int check(struct tokens *t, struct rec *rec, struct err *e)
{
    struct rec_str id;
    int r = rec_need_text(rec, "id", &id, e);

    if (!r && !id.n)
        return rec_bad(rec, e, "id: empty");
    if (!r && t->o->strict)
        r = prompt_check(rec, e);
    if (!r && t->o->strict)
        r = prompt_ids_add(t->seen, rec, e);
    return r;
}

/* 1: done; 0: too long, to be left out; negative: error. */
static int encode(struct tokens *t, struct rec *rec, struct err *e)
{
    struct tok_part part[TEMPLATE_PARTS];
    struct err why = {0};
    int n, r = check(t, rec, e);

    if (r)
        return r;
    n = parts(t, rec, part, e);
    if (n < 0)
        return n;
    t->ids.n = 0;
    if (tok_encode_parts(t->tok, part, (size_t)n, &t->ids, &why))
        return rec_bad(rec, e, "%s: %s", t->o->from, why.msg);
    if (!t->ids.n)
        return rec_bad(rec, e, "%s: empty", t->o->from);
    if (!template_is_chat(t->template))
        tok_put_begin(t->tok, &t->ids);
    if (t->o->max_tokens && t->ids.n > (size_t)t->o->max_tokens) {
        if (t->o->too_long_fails)
            return rec_bad(rec, e, "%s: %zu tokens, --max-tokens is %d",
                           t->o->from, t->ids.n, t->o->max_tokens);
        t->count.too_long++;
        return 0;
    }
    t->count.tokens += t->ids.n;
    for (int i = 0; i < n; i++)
        t->count.bytes += part[i].n;
    rec_set_i32s(rec, t->o->to, t->ids.v, t->ids.n);
    return 1;
}

static int decode(struct tokens *t, struct rec *rec, struct err *e)
{
    struct rec_i32s ids;
    struct err why = {0};
    char *text;
    size_t n;
    int r = rec_need_i32s(rec, t->o->from, &ids, e);

    if (r)
        return r;
    if (tok_decode(t->tok, ids.v, ids.n, !t->o->specials, &text, &n, &why))
        return rec_bad(rec, e, "%s: %s", t->o->from, why.msg);
    t->count.tokens += ids.n;
    t->count.bytes += n;
    rec_set_str(rec, t->o->to, text, n);
    free(text);
    return 1;
}

int tokens_set(struct tokens *t, struct rec *rec, struct err *e)
{
    return t->o->decode ? decode(t, rec, e) : encode(t, rec, e);
}

const struct tokens_count *tokens_count(const struct tokens *t)
{
    return &t->count;
}

const char *tokens_note(const struct tokens *t)
{
    return tok_note(t->tok);
}

void tokens_made_by(const struct tokens *t, struct filter *f)
{
    filter_made_by(f, "tokenizer", tok_digest(t->tok));
    if (t->o->decode)
        filter_made_by(f, "decode", t->o->from);
    else
        filter_made_by(f, "template", template_identity(t->template));
    if (t->o->specials)
        filter_made_by(f, "specials", "parsed");
    filter_made_by(f, "as", t->o->to);
}

int tokens_open(struct tokens **out, const struct tokens_opts *o,
                struct err *e)
{
    struct tokens *t = xcalloc(1, sizeof *t);
    int r = tok_open(&t->tok, o->tokenizer, e);

    t->o = o;
    t->seen = prompt_ids_open();
    if (!r)
        r = template_open(&t->template, o->template, t->tok, e);
    if (r)
        tokens_close(&t);
    *out = t;
    return r;
}

void tokens_close(struct tokens **t)
{
    if (!*t)
        return;
    prompt_ids_close(&(*t)->seen);
    template_close(&(*t)->template);
    tok_ids_free(&(*t)->ids);
    tok_close(&(*t)->tok);
    free(*t);
    *t = NULL;
}
