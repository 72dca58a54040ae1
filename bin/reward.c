/* reward - judge responses against their answers
 *
 * in      responses: response, answer, verifier (math, choice, code)
 * out     + correct, reward, length_penalty, extracted_answer, verify_rule,
 *         verify_status, well_formed; unknown fields pass through
 * memory  one record, and a worker process of at most 256 MB
 * order   preserved
 */
#include "../lib/record/filter.h"
#include "../lib/verify/code.h"
#include "../lib/verify/verify.h"
#include "main.h"

struct options {
    struct verify_opts v;
    const char *extract;
    int max_len, buffer, explain;
    double factor, right, wrong;
};

enum { MAX_PENDING = 64 };

/* A record that waits for a program's verdict, or behind one that does. */
struct pending {
    struct rec *r;
    size_t len;
    int code;
};

struct state {
    struct options *o;
    struct verifier *v;
    struct code_verifier *code; /* opened by the first code record */
    struct pending q[MAX_PENDING]; /* a ring: records whose turn is to come */
    unsigned head, n_pending;
    uint64_t n, n_error;
    struct err no_sandbox;      /* why there is none, once that is known */
};

/* SCIENCE 3: min(-(len - (max_len - buffer)) / buffer * factor, 0). */
static double length_penalty(const struct options *o, size_t len)
{
    if (o->buffer <= 0)
        return 0.0;
    double over = (double)len - (double)(o->max_len - o->buffer);
    double p = -over / (double)o->buffer * o->factor;
    return p < 0.0 ? p : 0.0;
}

static int set_extract(struct options *o, struct err *e)
{
    static const struct {
        const char *name;
        enum verify_extract x;
    } names[] = { { "rules", VERIFY_RULES }, { "dapo", VERIFY_DAPO },
                  { "boxed", VERIFY_BOXED }, { "whole", VERIFY_WHOLE } };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(o->extract, names[i].name)) {
            o->v.extract = names[i].x;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "--extract: found \"%s\", expected rules, "
                   "dapo, boxed or whole", o->extract);
}

static int judge_choice(struct state *s, struct rec *r, struct rec_str gold,
                        struct rec_str resp, struct verdict *v,
                        struct err *e)
{
    const struct rec_str *c = NULL;
    const char *texts[26];
    size_t n = 0;
    int rc = rec_get_strs(r, "choices", &c, &n, e);

    if (rc < 0)
        return rc;
    if (rc == 0)
        n = 0;
    if (n > 26)
        return rec_bad(r, e, "choices has %zu texts, at most 26 expected",
                       n);
    for (size_t i = 0; i < n; i++)
        texts[i] = c[i].s;
    return verify_choice(s->v, gold.s, gold.n, texts, n, resp.s, resp.n, v,
                         e);
}

/* Programs run in a sandbox or not at all. 1: submitted, its verdict comes
 * later; 0: *v says that there is no sandbox. */
static int submit_code(struct state *s, struct rec *r, struct rec_str resp,
                       struct verdict *v, struct err *e)
{
    static const struct code_opts defaults;
    struct rec_str prompt, test, entry;
    int rc;

    *v = (struct verdict){ .status = VERIFY_ERROR, .extract = "code",
                           .rule = "no_sandbox" };
    if ((rc = rec_need_str(r, "prompt", &prompt, e)) ||
        (rc = rec_need_str(r, "test", &test, e)) ||
        (rc = rec_need_str(r, "entry_point", &entry, e)))
        return rc;
    if (!s->code && !s->no_sandbox.code &&
        code_open(&s->code, &defaults, &s->no_sandbox))
        fprintf(stderr, "reward: code records cannot be judged: %s\n",
                s->no_sandbox.msg);
    if (!s->code)
        return 0;
    const struct code_item item = {
        prompt.s, prompt.n, resp.s, resp.n, test.s, test.n, entry.s
    };
    if ((rc = code_submit(s->code, &item, e)))
        return rec_bad(r, e, "%s", e->msg);
    return 1;
}

/* The oldest outstanding verdict; strings in *c. */
static void collect_code(struct state *s, struct code_verdict *c,
                         struct verdict *v)
{
    static const enum verify_status status[] = {
        [CODE_OK] = VERIFY_OK, [CODE_NO_ANSWER] = VERIFY_NO_ANSWER,
        [CODE_TIMEOUT] = VERIFY_TIMEOUT, [CODE_ERROR] = VERIFY_ERROR
    };

    *v = (struct verdict){ .status = VERIFY_ERROR, .extract = "code",
                           .rule = "lost" };
    if (code_collect(s->code, c) != 1)
        return;
    v->status = status[c->status];
    v->correct = c->passed;
    v->well_formed = v->status == VERIFY_OK;
    v->rule = v->correct ? "tests_passed" : *c->detail ? c->detail
                                                       : "tests_failed";
}

/* 0: *v is the verdict; 1: it comes later. */
static int judge(struct state *s, struct rec *r, struct verdict *v,
                 struct err *e)
{
    struct rec_str kind = { "math", 4 }, gold, resp;
    int rc;

    if ((rc = rec_get_str(r, "verifier", &kind, e)) < 0 ||
        (rc = rec_need_text(r, "answer", &gold, e)) < 0 ||
        (rc = rec_need_str(r, "response", &resp, e)) < 0)
        return rc;
    if (!strcmp(kind.s, "math"))
        return verify_math(s->v, gold.s, gold.n, resp.s, resp.n, v, e);
    if (!strcmp(kind.s, "choice"))
        return judge_choice(s, r, gold, resp, v, e);
    if (!strcmp(kind.s, "code"))
        return submit_code(s, r, resp, v, e);
    return rec_bad(r, e, "verifier: found \"%s\", expected math, choice or "
                   "code", kind.s);
}

static void explain(struct rec *r, const struct verdict *v)
{
    struct rec_str id = { "", 0 }, gold = { "", 0 };

    if (rec_get_text(r, "id", &id, NULL) < 0 ||
        rec_get_text(r, "answer", &gold, NULL) < 0)
        return;
    printf("record    %s\nanswer    %s\nextracted %.*s\n  by rule %s\n",
           id.s, gold.s, (int)v->n_extracted,
           v->extracted ? v->extracted : "(none)", v->extract);
    if (v->gold_tree)
        printf("gold is   %s\n", v->gold_tree);
    if (v->answer_tree)
        printf("it is     %s\n", v->answer_tree);
    printf("verdict   %s (%s, %s)\n\n", v->correct ? "correct" : "wrong",
           v->rule, verify_status_name(v->status));
}

static void set_fields(struct state *s, struct rec *r,
                       const struct verdict *v, size_t len)
{
    char rule[320];
    double penalty = length_penalty(s->o, len);

    snprintf(rule, sizeof rule, "%s/%s", v->extract, v->rule);
    rec_set_bool(r, "correct", v->correct);
    rec_set_f64(r, "reward",
                (v->correct ? s->o->right : s->o->wrong) + penalty);
    rec_set_f64(r, "length_penalty", penalty);
    if (v->extracted)
        rec_set_str(r, "extracted_answer", v->extracted, v->n_extracted);
    else
        rec_unset(r, "extracted_answer");
    rec_set_str(r, "verify_rule", rule, strlen(rule));
    const char *status = verify_status_name(v->status);
    rec_set_str(r, "verify_status", status, strlen(status));
    rec_set_bool(r, "well_formed", v->well_formed);
}

static void settle(struct state *s, struct rec *r, const struct verdict *v,
                   size_t len)
{
    s->n++;
    s->n_error += v->status == VERIFY_ERROR;
    if (s->o->explain)
        explain(r, v);
    set_fields(s, r, v, len);
}

static int put(const struct state *s, struct filter *f, const struct rec *r,
               struct err *e)
{
    return s->o->explain ? flush_stdout(e) : filter_write(f, r, e);
}

/* Judges r or has it judged; writes it at once unless another is due. */
static int one(struct state *s, struct filter *f, struct rec *r,
               struct err *e)
{
    struct rec_i32s tokens = { NULL, 0 };
    struct verdict v;
    int rc;

    if ((rc = rec_get_i32s(r, "response_tokens", &tokens, e)) < 0)
        return rc;
    if (rc == 0 && s->o->buffer > 0) {
        rc = rec_missing(r, "response_tokens", e);
        err_suffix(e, " (--overlong-buffer needs the length)");
        return rc;
    }
    if ((rc = judge(s, r, &v, e)) < 0)
        return rc;
    if (rc == 0)
        settle(s, r, &v, tokens.n);
    if (rc == 0 && !s->n_pending)
        return put(s, f, r, e);
    s->q[(s->head + s->n_pending++) % MAX_PENDING] = (struct pending){
        rec_copy(r), tokens.n, rc
    };
    return 0;
}

/* Writes the record whose turn it is, its verdict waited for. */
static int write_oldest(struct state *s, struct filter *f, struct err *e)
{
    struct pending *p = &s->q[s->head];
    struct code_verdict c;
    struct verdict v;
    int rc;

    s->head = (s->head + 1) % MAX_PENDING;
    s->n_pending--;
    if (p->code) {
        collect_code(s, &c, &v);
        settle(s, p->r, &v, p->len);
    }
    rc = put(s, f, p->r, e);
    rec_free(&p->r);
    return rc;
}

/* Is it better to write what is due than to read on? Never waits for input
 * while a record could be finished. */
static int must_write(struct state *s, struct filter *f)
{
    return s->n_pending && (s->n_pending == MAX_PENDING ||
                            !code_room(s->code) || !filter_ready(f));
}

/* A verifier that does not work must not pass for a model that is wrong. */
static int trustworthy(struct state *s, struct err *e)
{
    if (s->code && code_health(s->code, &s->no_sandbox))
        return err_set(e, ERR_IO, "code records were not judged: %s",
                       s->no_sandbox.msg);
    if (s->n >= 100 && s->n_error == s->n)
        return err_set(e, ERR_IO, "every one of %llu records ended in "
                       "verify_status error",
                       (unsigned long long)s->n);
    return 0;
}

/* Whatever determines a byte of the output. */
static void made_by(struct filter *f, const struct options *o)
{
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

static int run(struct state *s, struct filter *f, char **args, int n_args,
               struct err *e)
{
    struct rec *r;
    int rc;

    if ((rc = set_extract(s->o, e)) ||
        (rc = verify_open(&s->v, &s->o->v, e)) ||
        (rc = filter_open(f, "reward", "rollouts", args, n_args, e)))
        return rc;
    made_by(f, s->o);
    for (;;) {
        while (must_write(s, f))
            if ((rc = write_oldest(s, f, e)) < 0)
                return rc;
        if ((rc = filter_read(f, &r, e)) <= 0)
            break;
        if ((rc = one(s, f, r, e)) == -ERR_DATA)
            rc = filter_skip(f, e);
        if (rc < 0)
            return rc;
    }
    while (rc == 0 && s->n_pending)
        rc = write_oldest(s, f, e);
    return rc;
}

int main(int argc, char **argv)
{
    struct options o = { .extract = "rules", .factor = 1.0, .right = 1.0,
                         .wrong = -1.0, .max_len = 4096 };
    struct filter f = FILTER_INIT;
    struct state s = { .o = &o };
    struct err e = { 0 };
    char **args;
    const struct opt opts[] = {
        { OPT_STR, "extract", 0, &o.extract, "RULE",
          "How the answer is found: rules, dapo (verl's rule, compared as "
          "text), boxed, whole.", 0, 0 },
        { OPT_FLAG, "lenient", 0, &o.v.lenient, NULL,
          "Where no rule fires, take the last formula or number.", 0, 0 },
        { OPT_INT, "precision", 0, &o.v.precision, "N",
          "Decimals agree to N places; 0: the gold's own digits.", 0, 50 },
        { OPT_FLAG, "lax-names", 0, &o.v.lax_names, NULL,
          "A lone variable may have another name.", 0, 0 },
        { OPT_FLAG, "no-relations", 0, &o.v.no_relations, NULL,
          "A gold that is a set refuses an inequality.", 0, 0 },
        { OPT_F64, "right", 0, &o.right, "X", "Reward of a right answer.",
          0, 0 },
        { OPT_F64, "wrong", 0, &o.wrong, "X", "Reward of a wrong answer.",
          0, 0 },
        { OPT_INT, "max-len", 0, &o.max_len, "N",
          "Longest response, in tokens.", 1, 1e9 },
        { OPT_INT, "overlong-buffer", 0, &o.buffer, "N",
          "Tokens before --max-len over which the penalty grows; 0: none.",
          0, 1e9 },
        { OPT_F64, "overlong-factor", 0, &o.factor, "X",
          "Penalty at --max-len.", 0, 1e9 },
        { OPT_FLAG, "explain", 0, &o.explain, NULL,
          "Print what was extracted, how both sides were read and which "
          "rule decided, instead of records.", 0, 0 },
        { .type = OPT_GROUP, .dst = (void *)(uintptr_t)filter_opts(&f) },
        { 0 }
    };
    const struct cli cli = {
        .name = "reward", .purpose = "judge responses against their answers",
        .usage = "[options] [FILE ...] < responses",
        .details = "Adds correct, reward, length_penalty, extracted_answer, "
                   "verify_rule, verify_status and well_formed. The field "
                   "verifier says how a record is judged: math (also when "
                   "absent), choice, or code, which runs in a sandbox or "
                   "not at all: without one the run exits 1.\n\n"
                   "The penalty is min(-(len - (max-len - buffer)) / buffer "
                   "* factor, 0), len being the number of response_tokens.",
        .example = "echo '{\"id\":\"1\",\"answer\":\"1/2\",\"response\":"
                   "\"\\\\boxed{0.5}\"}' | reward --json",
        .see_also = "rollout, dapo-step", .opts = opts, .max_args = 1000
    };
    int n_args = start(&cli, argc, argv, &args);

    o.v.explain = o.explain;
    int rc = run(&s, &f, args, n_args, &e);
    if (rc == 0 && !o.explain)
        rc = filter_close(&f, &e);
    if (rc < 0 || o.explain)
        filter_abort(&f);
    if (rc == 0)
        rc = trustworthy(&s, &e);
    for (; s.n_pending; s.n_pending--, s.head = (s.head + 1) % MAX_PENDING)
        rec_free(&s.q[s.head].r);
    verify_close(&s.v);
    code_close(&s.code);
    if (rc < 0)
        return fail(&cli, &e);
    rc = finish(&cli);
    return s.no_sandbox.code ? ERR_IO : rc; /* which was said already */
}
