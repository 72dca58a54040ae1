/* judge - see judge.h */
#include "judge.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "code.h"
#include "known.h"

enum { MAX_KEPT = 64 };

/* A record that waits for a program's verdict, or behind one that does. */
struct kept {
    struct rec *r;
    struct buf text;
    size_t len;
    int code; /* its verdict is still to come */
};

struct judge {
    struct judge_opts o;
    struct verifier *v;
    struct code_verifier *code;
    struct known *known;     /* of o.known, or NULL */
    struct err no_sandbox;   /* why there is none, once that is known */
    struct kept q[MAX_KEPT]; /* a ring */
    unsigned head, n_kept;
    struct rec *lent; /* by judge_next */
    struct buf text;
    uint64_t n, n_error;
};

static int set_extract(struct judge_opts *o, struct err *e)
{
    static const struct {
        const char *name;
        enum verify_extract x;
    } names[] = {{"rules", VERIFY_RULES},
                 {"dapo", VERIFY_DAPO},
                 {"boxed", VERIFY_BOXED},
                 {"whole", VERIFY_WHOLE}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(o->extract, names[i].name)) {
            o->v.extract = names[i].x;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE,
                   "--extract: found \"%s\", expected rules, "
                   "dapo, boxed or whole",
                   o->extract);
}

int judge_open(struct judge **out, const struct judge_opts *o, struct err *e)
{
    struct judge *j = xcalloc(1, sizeof *j);
    int r;

    *out = j;
    j->o = *o;
    r = set_extract(&j->o, e);
    if (!r && o->n_known)
        r = known_open(&j->known, o->known, o->n_known, e);
    return r ? r : verify_open(&j->v, &j->o.v, e);
}

void judge_close(struct judge **pj)
{
    struct judge *j = *pj;

    if (!j)
        return;
    for (; j->n_kept; j->n_kept--, j->head = (j->head + 1) % MAX_KEPT) {
        rec_free(&j->q[j->head].r);
        buf_free(&j->q[j->head].text);
    }
    rec_free(&j->lent);
    buf_free(&j->text);
    verify_close(&j->v);
    code_close(&j->code);
    known_close(&j->known);
    free(j);
    *pj = NULL;
}

void judge_made_by(const struct judge *j, struct filter *f)
{
    const struct judge_opts *o = &j->o;
    char s[64];

    filter_made_by(f, "extract", o->extract);
    if (o->v.lenient)
        filter_made_by(f, "lenient", "1");
    if (o->v.lax_names)
        filter_made_by(f, "lax-names", "1");
    if (o->v.no_relations)
        filter_made_by(f, "no-relations", "1");
    if (o->v.precision) {
        snprintf(s, sizeof s, "%d", o->v.precision);
        filter_made_by(f, "precision", s);
    }
    snprintf(s, sizeof s, "%g/%g", o->right, o->wrong);
    filter_made_by(f, "right/wrong", s);
    if (o->buffer) {
        snprintf(s, sizeof s, "%d/%d/%g", o->max_len, o->buffer, o->factor);
        filter_made_by(f, "max-len/overlong-buffer/overlong-factor", s);
    }
}

/* ---- verdicts ----------------------------------------------------------- */

static int judge_choice(struct judge *j, struct rec *r, struct rec_str gold,
                        struct rec_str resp, struct verdict *v, struct err *e)
{
    const struct rec_str *c = NULL;
    const char *texts[26];
    size_t n = 0;
    int x = rec_get_strs(r, "choices", &c, &n, e);

    if (x < 0)
        return x;
    if (x == 0)
        n = 0;
    if (n > 26)
        return rec_bad(r, e, "choices has %zu texts, at most 26 expected", n);
    for (size_t i = 0; i < n; i++)
        texts[i] = c[i].s;
    return verify_choice(j->v, gold.s, gold.n, texts, n, resp.s, resp.n, v, e);
}

/* Programs run in a sandbox or not at all. 1: submitted, its verdict comes
 * later; 0: *v is what is known of it, or says that there is no sandbox. */
static int submit_code(struct judge *j, struct rec *r, struct rec_str resp,
                       struct verdict *v, struct err *e)
{
    const struct code_opts opts = {.workers = j->o.workers};
    struct rec_str prompt, test, entry;
    int x;

    *v = (struct verdict){
        .status = VERIFY_ERROR, .extract = "code", .rule = "no_sandbox"};
    if ((x = rec_need_str(r, "prompt", &prompt, e)) ||
        (x = rec_need_str(r, "test", &test, e)) ||
        (x = rec_need_str(r, "entry_point", &entry, e)))
        return x;
    const struct code_item item = {prompt.s, prompt.n, resp.s, resp.n,
                                   test.s,   test.n,   entry.s};
    if (known_find(j->known, &item, v))
        return 0;
    if (!j->code &&
        (j->no_sandbox.code || code_open(&j->code, &opts, &j->no_sandbox)))
        return 0;
    if ((x = code_submit(j->code, &item, e)))
        return rec_bad(r, e, "%s", e->msg);
    return 1;
}

/* The oldest outstanding verdict; strings in *c. */
static void collect_code(struct judge *j, struct code_verdict *c,
                         struct verdict *v)
{
    static const enum verify_status status[] = {
        [CODE_OK] = VERIFY_OK,
        [CODE_NO_ANSWER] = VERIFY_NO_ANSWER,
        [CODE_TIMEOUT] = VERIFY_TIMEOUT,
        [CODE_ERROR] = VERIFY_ERROR};

    *v = (struct verdict){
        .status = VERIFY_ERROR, .extract = "code", .rule = "lost"};
    if (code_collect(j->code, c) != 1)
        return;
    v->status = status[c->status];
    v->correct = c->passed;
    v->well_formed = v->status == VERIFY_OK;
    v->rule = v->correct   ? "tests_passed"
              : *c->detail ? c->detail
                           : "tests_failed";
}

/* 0: *v is the verdict; 1: it comes later. */
static int verdict_of(struct judge *j, struct rec *r, struct verdict *v,
                      struct err *e)
{
    struct rec_str kind = {"math", 4}, gold, resp;
    int x;

    if ((x = rec_get_str(r, "verifier", &kind, e)) < 0 ||
        (x = rec_need_text(r, "answer", &gold, e)) < 0 ||
        (x = rec_need_str(r, "response", &resp, e)) < 0)
        return x;
    if (!strcmp(kind.s, "math"))
        return verify_math(j->v, gold.s, gold.n, resp.s, resp.n, v, e);
    if (!strcmp(kind.s, "choice"))
        return judge_choice(j, r, gold, resp, v, e);
    if (!strcmp(kind.s, "code"))
        return submit_code(j, r, resp, v, e);
    return rec_bad(r, e,
                   "verifier: found \"%s\", expected math, choice or "
                   "code",
                   kind.s);
}

/* ---- what a verdict makes of a record ----------------------------------- */

static void explain(struct buf *b, struct rec *r, const struct verdict *v)
{
    struct rec_str id = {"", 0}, gold = {"", 0};

    if (rec_get_text(r, "id", &id, NULL) < 0 ||
        rec_get_text(r, "answer", &gold, NULL) < 0)
        return;
    buf_printf(b, "record    %s\nanswer    %s\nextracted %.*s\n  by rule %s\n",
               id.s, gold.s, (int)v->n_extracted,
               v->extracted ? v->extracted : "(none)", v->extract);
    if (v->gold_tree)
        buf_printf(b, "gold is   %s\n", v->gold_tree);
    if (v->answer_tree)
        buf_printf(b, "it is     %s\n", v->answer_tree);
    buf_printf(b, "verdict   %s (%s, %s)\n\n", v->correct ? "correct" : "wrong",
               v->rule, verify_status_name(v->status));
}

/* SCIENCE 3: min(-(len - (max_len - buffer)) / buffer * factor, 0). */
static double length_penalty(const struct judge_opts *o, size_t len)
{
    if (o->buffer <= 0)
        return 0.0;
    double over = (double)len - (double)(o->max_len - o->buffer);
    double p = -over / (double)o->buffer * o->factor;
    return p < 0.0 ? p : 0.0;
}

static void settle(struct judge *j, struct rec *r, struct buf *text,
                   const struct verdict *v, size_t len)
{
    const char *status = verify_status_name(v->status);
    double penalty = length_penalty(&j->o, len);
    char rule[320];

    j->n++;
    j->n_error += v->status == VERIFY_ERROR;
    if (j->o.v.explain)
        explain(text, r, v);
    snprintf(rule, sizeof rule, "%s/%s", v->extract, v->rule);
    rec_set_bool(r, "correct", v->correct);
    rec_set_f64(r, "reward", (v->correct ? j->o.right : j->o.wrong) + penalty);
    rec_set_f64(r, "length_penalty", penalty);
    if (v->extracted)
        rec_set_str(r, "extracted_answer", v->extracted, v->n_extracted);
    else
        rec_unset(r, "extracted_answer");
    rec_set_str(r, "verify_rule", rule, strlen(rule));
    rec_set_str(r, "verify_status", status, strlen(status));
    rec_set_bool(r, "well_formed", v->well_formed);
}

/* ---- records in their order -------------------------------------------- */

int judge_add(struct judge *j, struct rec *r, struct err *e)
{
    struct rec_i32s tokens = {NULL, 0};
    struct kept k = {.r = NULL};
    struct verdict v;
    int x;

    if ((x = rec_get_i32s(r, "response_tokens", &tokens, e)) < 0)
        return x;
    if (x == 0 && j->o.buffer > 0) {
        x = rec_missing(r, "response_tokens", e);
        err_suffix(e, " (--overlong-buffer needs the length)");
        return x;
    }
    if ((x = verdict_of(j, r, &v, e)) < 0)
        return x;
    if (x == 0)
        settle(j, r, &k.text, &v, tokens.n);
    if (x == 0 && !j->n_kept) {
        buf_free(&j->text);
        j->text = k.text;
        return 1;
    }
    k.r = rec_copy(r);
    k.len = tokens.n;
    k.code = x;
    j->q[(j->head + j->n_kept++) % MAX_KEPT] = k;
    return 0;
}

int judge_kept(const struct judge *j)
{
    return j->n_kept > 0;
}

int judge_full(struct judge *j)
{
    return j->n_kept == MAX_KEPT || (j->n_kept && !code_room(j->code));
}

struct rec *judge_next(struct judge *j)
{
    struct kept *k = &j->q[j->head];
    struct code_verdict c;
    struct verdict v;

    j->head = (j->head + 1) % MAX_KEPT;
    j->n_kept--;
    if (k->code) {
        collect_code(j, &c, &v);
        settle(j, k->r, &k->text, &v, k->len);
    }
    rec_free(&j->lent);
    buf_free(&j->text);
    j->lent = k->r;
    j->text = k->text;
    return j->lent;
}

const char *judge_explained(struct judge *j)
{
    return buf_str(&j->text);
}

const char *judge_no_sandbox(const struct judge *j)
{
    return j->no_sandbox.code ? j->no_sandbox.msg : NULL;
}

int judge_check(struct judge *j, struct err *e)
{
    if (j->code && code_health(j->code, &j->no_sandbox))
        return err_set(e, ERR_IO, "code records were not judged: %s",
                       j->no_sandbox.msg);
    if (j->n >= 100 && j->n_error == j->n)
        return err_set(e, ERR_IO,
                       "every one of %llu records ended in "
                       "verify_status error",
                       (unsigned long long)j->n);
    return 0;
}
