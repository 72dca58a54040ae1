/* tokens - a record's text to tokens and back */
#include <jansson.h>
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
    json_t *history;             /* of this record */
    struct template_turn *turns; /* room for n_turns */
    size_t n_turns;
    struct tok_part whole; /* template none: the text */
};

static struct template_turn *room(struct tokens *t, size_t n)
{
    if (n > t->n_turns) {
        t->n_turns = 2 * n + 8;
        t->turns = xrealloc(t->turns, t->n_turns, sizeof *t->turns);
    }
    return t->turns;
}

/* The system message and the turns before the prompt. */
static int turns(struct tokens *t, struct rec *rec, struct template_input *in,
                 struct err *e)
{
    struct rec_str system;
    const json_t *m;
    const char *text;
    size_t i;
    int r = rec_get_str(rec, "system", &system, e);

    if (r < 0)
        return r;
    if (r)
        room(t, 1)[in->n_turns++] = (struct template_turn){
            "system", {system.s, system.n, 0}};
    json_decref(t->history);
    t->history = NULL;
    text = rec_json(rec, "history");
    if (text)
        t->history = json_loads(text, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    if (text && !json_is_array(t->history) && !json_is_null(t->history))
        return rec_bad(rec, e, "history: expected a list of turns");
    json_array_foreach(t->history, i, m) {
        const json_t *content = json_object_get(m, "content");
        const char *role = json_string_value(json_object_get(m, "role"));

        if (!role || !json_is_string(content))
            return rec_bad(rec, e,
                           "history[%zu]: expected a role and a "
                           "content, both str",
                           i);
        room(t, in->n_turns + 1)[in->n_turns] = (struct template_turn){
            role, {json_string_value(content), json_string_length(content), 0}};
        in->n_turns++;
    }
    in->turns = t->turns;
    return 0;
}

/* The parts of one record's text. */
static int parts(struct tokens *t, struct rec *rec,
                 const struct tok_part **part, size_t *n_parts, struct err *e)
{
    struct template_input in = {0};
    struct tok_part choice[26];
    struct err why = {0};
    const struct rec_str *v;
    struct rec_str text;
    size_t n = 0;
    int r = rec_need_str(rec, t->o->from, &text, e);

    if (r)
        return r;
    if (template_is_none(t->template)) {
        t->whole = (struct tok_part){text.s, text.n, t->o->specials};
        *part = &t->whole;
        *n_parts = 1;
        return 0;
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
    if (template_is_chat(t->template) && (r = turns(t, rec, &in, e)) < 0)
        return r;
    r = template_render(t->template, &in, part, n_parts, &why);
    if (r == -ERR_DATA)
        return rec_bad(rec, e, "%s: %s", t->o->from, why.msg);
    if (r)
        *e = why;
    return r;
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
    const struct tok_part *part;
    struct err why = {0};
    size_t n;
    int r = check(t, rec, e);

    if (!r)
        r = parts(t, rec, &part, &n, e);
    if (r)
        return r;
    t->ids.n = 0;
    if (tok_encode_parts(t->tok, part, n, &t->ids, &why))
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
    for (size_t i = 0; i < n; i++)
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

int tokens_open(struct tokens **out, const struct tokens_opts *o, struct err *e)
{
    struct tokens *t = xcalloc(1, sizeof *t);
    int r = tok_open(&t->tok, o->tokenizer, e);

    t->o = o;
    t->seen = prompt_ids_open();
    if (!r)
        r = template_open(&t->template, o->template, o->args, o->n_args, t->tok,
                          e);
    if (r)
        tokens_close(&t);
    *out = t;
    return r;
}

void tokens_close(struct tokens **t)
{
    if (!*t)
        return;
    json_decref((*t)->history);
    free((*t)->turns);
    prompt_ids_close(&(*t)->seen);
    template_close(&(*t)->template);
    tok_ids_free(&(*t)->ids);
    tok_close(&(*t)->tok);
    free(*t);
    *t = NULL;
}
