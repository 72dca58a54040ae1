/* reward - judge responses against their answers
 *
 * in      responses: response, answer, verifier (math, choice, code)
 * out     + correct, reward, length_penalty, extracted_answer, verify_rule,
 *         verify_status, well_formed; unknown fields pass through
 * memory  one record, and a worker process of at most 256 MB
 * order   preserved
 */
#include "../lib/verify/judge.h"
#include "filter_main.h"

static struct filter f = FILTER_INIT;
static struct judge_opts o = {.extract = "rules",
                              .factor = 1.0,
                              .right = 1.0,
                              .wrong = -1.0,
                              .max_len = 4096};
static struct judge *judge;
static struct cli_list known;

static const struct opt own[] = {
    {OPT_STR, "extract", 0, &o.extract, "RULE",
     "how the answer is found: rules, dapo (verl's rule, compared as "
     "text), boxed, whole",
     0, 0},
    {OPT_FLAG, "lenient", 0, &o.v.lenient, NULL,
     "where no rule fires, take the last formula or number", 0, 0},
    {OPT_INT, "precision", 0, &o.v.precision, "N",
     "decimals agree to N places; 0 = the gold's own digits", 0, 50},
    {OPT_FLAG, "lax-names", 0, &o.v.lax_names, NULL,
     "a lone variable may have another name", 0, 0},
    {OPT_FLAG, "no-relations", 0, &o.v.no_relations, NULL,
     "a gold that is a set refuses an inequality", 0, 0},
    {OPT_F64, "right", 0, &o.right, "X", "reward of a right answer", 0, 0},
    {OPT_F64, "wrong", 0, &o.wrong, "X", "reward of a wrong answer", 0, 0},
    {OPT_INT, "max-len", 0, &o.max_len, "N", "longest response, in tokens", 1,
     1e9},
    {OPT_INT, "overlong-buffer", 0, &o.buffer, "N",
     "tokens before --max-len over which the penalty grows; 0 = none", 0, 1e9},
    {OPT_F64, "overlong-factor", 0, &o.factor, "X", "penalty at --max-len", 0,
     1e9},
    {OPT_INT, "threads", 0, &o.workers, "N",
     "model-written programs judged at once; 0 = one per processor", 0, 16},
    {OPT_LIST, "known", 0, &known, "FILE",
     "responses that reward has judged; may be repeated. A "
     "model-written program that is there, with its prompt and test, has "
     "that verdict and does not run again",
     0, 0},
    {OPT_FLAG, "explain", 0, &o.v.explain, NULL,
     "print what was extracted, how both sides were read and which "
     "rule decided, instead of records",
     0, 0},
    {0}};

static struct opt opts[] = FILTER_OPTS(own);

static const struct cli cli = {
    .name = "reward",
    .purpose = "judge responses against their answers",
    .usage = "[options] [responses...]",
    .details = "Adds correct, reward, length_penalty, extracted_answer, "
               "verify_rule, verify_status and well_formed. The field "
               "verifier says how a record is judged: math (also when "
               "absent), choice, or code, which runs in a sandbox or "
               "not at all: without one the run exits 1.\n\n"
               "The penalty is min(-(len - (max-len - buffer)) / buffer "
               "* factor, 0), len being the number of response_tokens.",
    .example = "echo '{\"id\":\"1\",\"answer\":\"1/2\",\"response\":"
               "\"\\\\boxed{0.5}\"}' | reward --json",
    .see_also = "rollout, dapo-step",
    .opts = opts,
    .max_args = 1000};

static int put(const struct rec *r, struct err *e)
{
    if (!o.v.explain)
        return filter_write(&f, r, e);
    fputs(judge_explained(judge), stdout);
    return flush_stdout(e);
}

/* The oldest record whose verdict may still wait for a program. */
static int put_next(struct err *e)
{
    int r = filter_flush(&f, 0, e);

    return r ? r : put(judge_next(judge), e);
}

/* One line, as soon as it is known. */
static void warn_once(void)
{
    static int said;

    if (judge_no_sandbox(judge) && !said++)
        fprintf(say_to(), "reward: code records cannot be judged: %s\n",
                judge_no_sandbox(judge));
}

/* Never waits for input while a record could be finished. */
static int work(struct err *e)
{
    struct rec *rec;
    int r;

    for (;;) {
        while (judge_full(judge) || (judge_kept(judge) && !filter_ready(&f)))
            if ((r = put_next(e)))
                return r;
        if ((r = filter_read(&f, &rec, e)) <= 0)
            break;
        if ((r = judge_add(judge, rec, e)) > 0)
            r = put(rec, e);
        else if (r == -ERR_DATA)
            r = filter_skip(&f, e);
        if (r)
            return r;
        warn_once();
    }
    while (!r && judge_kept(judge))
        r = put_next(e);
    return r;
}

static int run(char **args, int n, struct err *e)
{
    int r;

    o.known = known.v;
    o.n_known = known.n;
    r = judge_open(&judge, &o, e);
    if (!r)
        r = filter_open(&f, "reward", "rollouts", args, n, e);
    if (r)
        return r;
    judge_made_by(judge, &f);
    filter_hold(&f);
    r = work(e);
    if (r)
        return r;
    if (o.v.explain)
        filter_abort(&f);
    else
        r = filter_close(&f, e);
    return r ? r : judge_check(judge, e);
}

int main(int argc, char **argv)
{
    int status = filter_main(&cli, opts, &f, argc, argv, run);

    /* programs were not judged: the reason was printed then */
    if (!status && judge && judge_no_sandbox(judge))
        status = ERR_IO;
    judge_close(&judge);
    return status;
}
