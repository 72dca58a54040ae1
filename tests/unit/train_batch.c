/* train_batch - groups out of streams, and which of them make a batch */
#include <unistd.h>
#include "../../lib/train/batch.h"
#include "t.h"

static char path[400], keep[408];
static FILE *out;

static const struct batch_opts base = {.prompts = 2,
                                       .samples = 2,
                                       .max_rounds = 10,
                                       .dynamic = 1,
                                       .by_std = 1,
                                       .off_policy = 1,
                                       .vocab = 10,
                                       .max_len = 8};

static void begin(void)
{
    const char *dir = getenv("T");

    snprintf(path, sizeof path, "%.380s/rollouts", dir ? dir : ".");
    snprintf(keep, sizeof keep, "%s.keep", path);
    out = fopen(path, "w");
}

/* A group of two samples; bits: bit i = sample i is correct. */
static void put_group(int step, const char *id, int bits)
{
    for (int i = 0; i < 2; i++)
        fprintf(out,
                "{\"id\":\"%s\",\"step\":%d,\"sample\":%d,"
                "\"prompt_tokens\":[1,2],\"response_tokens\":[3,4,5],"
                "\"response_logprobs\":[-1,-2,-0.5],\"reward\":%d,"
                "\"correct\":%s}\n",
                id, step, i, bits >> i & 1 ? 1 : -1,
                bits >> i & 1 ? "true" : "false");
}

struct asked {
    int n, v[32];
};

static int ask(void *ctx, int64_t step, int n, struct err *e)
{
    struct asked *a = ctx;

    (void)step;
    (void)e;
    a->v[a->n++] = n;
    return 0;
}

static int collect(struct batch *b, const struct batch_opts *o, int live,
                   struct asked *a, struct err *e)
{
    struct batch_ask tell = {ask, a};
    struct rollouts s;
    char *paths[] = {path};
    int r;

    fclose(out);
    r = rollouts_open(&s, o, paths, 1, NULL, live, 0, NULL, e);
    if (!r)
        r = batch_collect(b, &s, 0, NULL, live ? &tell : NULL, e);
    rollouts_close(&s);
    unlink(path);
    return r;
}

static void uniform_groups_are_dropped_and_more_are_asked_for(void)
{
    struct asked a = {0};
    struct batch b;
    struct err e = {0};

    begin();
    put_group(0, "a", 3); /* round 1: two asked, both dropped */
    put_group(0, "b", 0);
    put_group(0, "c", 1); /* round 2: two asked, one kept */
    put_group(0, "d", 3);
    put_group(0, "e", 2); /* round 3: 1 missing, 1 of 4 kept: 2 asked */
    put_group(0, "f", 1); /* surplus */
    T_EQ_INT(collect(&b, &base, 1, &a, &e), 0);
    T_EQ_STR(e.msg, "");
    T_EQ_INT(a.n, 3);
    T_CHECK(a.v[0] == 2 && a.v[1] == 2 && a.v[2] == 2);
    T_EQ_INT(b.n, 2);
    T_EQ_INT(b.dropped, 3);
    T_EQ_INT(b.surplus, 1);
    T_EQ_INT(b.asked, 6);
    T_EQ_INT(b.rounds, 3);
    T_EQ_INT(b.n_samples, 12);
    T_EQ_INT(b.n_correct, 7);
    T_EQ_INT(b.response_tokens, 36);
    T_CHECK(b.reward == 2);
    T_CHECK(b.v[0].v[0].correct && !b.v[0].v[1].correct); /* c, then e */
    T_CHECK(!b.v[1].v[0].correct && b.v[1].v[1].correct);
    batch_free(&b);
}

static void rounds_run_out(void)
{
    struct batch_opts o = base;
    struct asked a = {0};
    struct batch b;
    struct err e = {0};

    o.max_rounds = 2;
    begin();
    for (int i = 0; i < 4; i++)
        put_group(0, "x", i == 1 ? 1 : 3);
    T_EQ_INT(collect(&b, &o, 1, &a, &e), 0);
    T_EQ_INT(b.n, 1);
    T_EQ_INT(b.rounds, 2);
    T_EQ_INT(b.asked, 4);
    batch_free(&b);
}

static void without_dynamic_sampling_every_group_is_kept(void)
{
    struct batch_opts o = base;
    struct asked a = {0};
    struct batch b;
    struct err e = {0};

    o.dynamic = 0;
    begin();
    put_group(0, "a", 3);
    put_group(0, "b", 0);
    T_EQ_INT(collect(&b, &o, 1, &a, &e), 0);
    T_EQ_INT(b.n, 2);
    T_EQ_INT(b.dropped + b.surplus, 0);
    batch_free(&b);
}

static void a_replay_stops_at_the_next_step_or_the_end(void)
{
    struct rollouts s;
    struct batch b;
    struct err e = {0};
    char *paths[] = {path};

    begin();
    put_group(0, "a", 1);
    put_group(1, "b", 2);
    put_group(1, "c", 3);
    fclose(out);
    T_EQ_INT(rollouts_open(&s, &base, paths, 1, NULL, 0, 0, NULL, &e), 0);
    T_EQ_INT(batch_collect(&b, &s, 0, NULL, NULL, &e), 0);
    T_CHECK(b.n == 1 && b.asked == 1 && b.rounds == 1);
    batch_free(&b);
    T_EQ_INT(batch_collect(&b, &s, 1, NULL, NULL, &e), 0);
    T_CHECK(b.n == 1 && b.asked == 2 && b.dropped == 1);
    batch_free(&b);
    T_EQ_INT(batch_collect(&b, &s, 2, NULL, NULL, &e), 0);
    T_CHECK(b.n == 0 && b.asked == 0 && b.rounds == 0);
    batch_free(&b);
    T_EQ_INT(rollouts_finish(&s, 3, &e), 0);
    rollouts_close(&s);
    unlink(path);
}

static void kept_rollouts_collect_to_the_same_batch(void)
{
    struct rollouts s;
    struct batch b;
    struct err e = {0};
    char *paths[] = {path}, *again[] = {keep};

    begin();
    put_group(0, "a", 3);
    put_group(0, "b", 1);
    put_group(0, "c", 2);
    put_group(0, "d", 2);
    fclose(out);
    for (int i = 0; i < 2; i++) {
        T_EQ_INT(rollouts_open(&s, &base, i ? again : paths, 1, i ? NULL : keep,
                               0, 0, NULL, &e),
                 0);
        T_EQ_INT(batch_collect(&b, &s, 0, NULL, NULL, &e), 0);
        T_CHECK(b.n == 2 && b.dropped == 1 && b.asked == 4 && b.surplus == 1);
        batch_free(&b);
        T_EQ_INT(rollouts_finish(&s, 3, &e), 0);
        rollouts_close(&s);
    }
    T_EQ_STR(e.msg, "");
    unlink(path);
    unlink(keep);
}

static void how_many_are_asked_follows_the_rate_of_keeping(void)
{
    struct batch_opts o = {.prompts = 16};

    T_EQ_INT(batch_next_ask(&o, 0, 0), 16);
    T_EQ_INT(batch_next_ask(&o, 0, 16), 16); /* nothing kept yet */
    T_EQ_INT(batch_next_ask(&o, 8, 16), 16);
    T_EQ_INT(batch_next_ask(&o, 12, 16), 6); /* 4 * 16 / 12, up */
    T_EQ_INT(batch_next_ask(&o, 15, 15), 1);
    T_EQ_INT(batch_next_ask(&o, 1, 100), 16);
}

/* One damaged record; the message must have `want`. */
static void damaged(const char *record, const char *want)
{
    struct asked a = {0};
    struct batch b;
    struct err e = {0};

    begin();
    fprintf(out, "%s\n", record);
    T_EQ_INT(collect(&b, &base, 0, &a, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, want) != NULL, "message: %s; expected: %s", e.msg,
             want);
    batch_free(&b);
}

#define REST "\"reward\":1,\"correct\":true}"
#define HEAD "{\"id\":\"a\",\"sample\":0,\"prompt_tokens\":[1],"

static void damaged_records_are_named(void)
{
    damaged(HEAD "\"response_tokens\":[1,2],\"response_logprobs\":[-1]," REST,
            "record 1: response_logprobs has 1 values, response_tokens 2");
    damaged(HEAD "\"response_tokens\":[10],\"response_logprobs\":[-1]," REST,
            "response_tokens: value 0 is 10, expected 0 to 9");
    damaged(HEAD "\"response_tokens\":[-1],\"response_logprobs\":[-1]," REST,
            "response_tokens: value 0 is -1");
    damaged(HEAD "\"response_tokens\":[],\"response_logprobs\":[]," REST,
            "response_tokens: empty");
    damaged(HEAD "\"response_tokens\":[1,1,1,1,1,1,1,1],\"response_logprobs\""
                 ":[0,0,0,0,0,0,0,0]," REST,
            "9 together, the model has 8");
    damaged(HEAD "\"response_tokens\":[1],\"response_logprobs\":[-1],"
                 "\"correct\":true}",
            "reward");
    damaged(HEAD "\"response_tokens\":[1],\"response_logprobs\":[-1],"
                 "\"reward\":1}",
            "correct");
    damaged("{\"id\":\"a\",\"sample\":1,\"prompt_tokens\":[1],"
            "\"response_tokens\":[1],\"response_logprobs\":[-1]," REST,
            "sample: found 1, expected 0");
    damaged(HEAD "\"response_tokens\":[1],\"response_logprobs\":[-1]," REST,
            "ended in step 0 with 1 of the 2");
    damaged(HEAD "\"response_tokens\":[1],\"response_logprobs\":[-1]," REST
                 "\n{\"id\":\"b\",\"sample\":1,\"prompt_tokens\":[1],"
                 "\"response_tokens\":[1],\"response_logprobs\":[-1]," REST,
            "id: found b, expected sample 1 of a");
}

static void samples_of_other_weights_are_refused(void)
{
    struct rollouts s;
    struct batch b;
    struct err e = {0};
    char *paths[] = {path};

    for (int off = 0; off < 2; off++) {
        struct batch_opts o = base;

        o.samples = 1;
        o.dynamic = 0;
        o.off_policy = off;
        begin();
        fprintf(out, HEAD "\"policy\":\"stale\",\"response_tokens\":[1],"
                          "\"response_logprobs\":[-1]," REST "\n");
        fclose(out);
        T_EQ_INT(rollouts_open(&s, &o, paths, 1, NULL, 0, 0, NULL, &e), 0);
        T_EQ_INT(batch_collect(&b, &s, 0, "fresh", NULL, &e),
                 off ? 0 : -ERR_DATA);
        T_CHECK(strstr(e.msg, "policy: sampled from stale") != NULL);
        batch_free(&b);
        rollouts_close(&s);
        unlink(path);
    }
}

static void samples_that_begin_alike_follow_each_other(void)
{
    int32_t t[5][4] = {
        {1, 2, 9, 4}, {1, 2, 3, 4}, {1, 2, 9}, {1, 2, 3, 4}, {1, 2, 9, 1}};
    struct sample s[5];
    struct group g = {.v = s, .n = 5};
    const struct sample *v[5];
    static const int want[5] = {1, 3, 2, 4, 0};

    for (int i = 0; i < 5; i++)
        s[i] = (struct sample){.tokens = t[i], .n = i == 2 ? 3 : 4};
    group_sorted(&g, v);
    for (int i = 0; i < 5; i++)
        T_EQ_INT(v[i] - s, want[i]);
}

static void a_group_of_one_response_is_told(void)
{
    int32_t t[3][4] = {{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 5}};
    struct sample s[3];
    struct group g = {.v = s, .n = 3};

    for (int i = 0; i < 3; i++)
        s[i] = (struct sample){.tokens = t[i], .n_prompt = 2, .n = 4};
    T_CHECK(!group_is_one_response(&g));
    g.n = 2;
    T_CHECK(group_is_one_response(&g));
    s[1].n = 3; /* it begins alike and is shorter */
    T_CHECK(!group_is_one_response(&g));
    g.n = 1; /* one sample tells nothing */
    T_CHECK(!group_is_one_response(&g));
}

static void a_group_without_a_difference_has_no_advantage(void)
{
    struct sample s[3] = {{.reward = 0.1}, {.reward = 0.1}, {.reward = 0.1}};
    struct group g = {.v = s, .n = 3};

    T_EQ_INT(group_advantages(&g, 1), 1);
    T_CHECK(s[0].adv == 0 && s[1].adv == 0 && s[2].adv == 0);
    s[1].reward = 0.2;
    T_EQ_INT(group_advantages(&g, 0), 0);
    T_NEAR(s[1].adv, 0.2 / 3, 1e-16, 1e-15);
}

static void a_set_tells_what_comes_again(void)
{
    struct once s = {0};

    for (int again = 0; again < 2; again++)
        for (uint64_t i = 0; i < 5000; i++)
            T_EQ_INT(once_add(&s, i * i * 0x123456789ABCDEFu), again);
    T_EQ_INT(s.n, 5000);
    once_free(&s);
}

int main(void)
{
    T_RUN(uniform_groups_are_dropped_and_more_are_asked_for);
    T_RUN(rounds_run_out);
    T_RUN(without_dynamic_sampling_every_group_is_kept);
    T_RUN(a_replay_stops_at_the_next_step_or_the_end);
    T_RUN(kept_rollouts_collect_to_the_same_batch);
    T_RUN(how_many_are_asked_follows_the_rate_of_keeping);
    T_RUN(damaged_records_are_named);
    T_RUN(samples_of_other_weights_are_refused);
    T_RUN(samples_that_begin_alike_follow_each_other);
    T_RUN(a_group_of_one_response_is_told);
    T_RUN(a_group_without_a_difference_has_no_advantage);
    T_RUN(a_set_tells_what_comes_again);
    T_DONE();
}
