/* train_order - the shuffled training order; packs of sequences; schedules */
#include "../../lib/tasks/order.h"
#include "../../lib/model/pack.h"
#include "../../lib/train/pretrain.h"
#include "t.h"

static void each_epoch_has_every_prompt_once(void)
{
    static const uint32_t sizes[] = {1, 2, 31, 1025};

    for (int k = 0; k < 4; k++) {
        uint32_t n = sizes[k];
        int *seen = calloc(n, sizeof *seen);
        struct order o;

        order_init(&o, 9, n);
        for (int64_t p = 0; p < 3 * (int64_t)n; p++) {
            int64_t epoch;

            seen[order_at(&o, p, &epoch)]++;
            T_EQ_INT(epoch, p / n);
            if ((p + 1) % n == 0)
                for (uint32_t i = 0; i < n; i++)
                    T_EQ_INT(seen[i], epoch + 1);
        }
        order_free(&o);
        free(seen);
    }
}

static void the_order_is_a_function_of_seed_and_position(void)
{
    struct order a, b, c;
    int same = 0, moved = 0;

    order_init(&a, 1, 100);
    order_init(&b, 1, 100);
    order_init(&c, 2, 100);
    (void)order_at(&b, 777, NULL); /* somewhere else first */
    for (int64_t p = 0; p < 200; p++) {
        uint32_t x = order_at(&a, p, NULL);

        T_EQ_INT(order_at(&b, p, NULL), x);
        same += order_at(&c, p, NULL) == x;
        if (p < 100)
            moved += order_at(&b, p + 100, NULL) != x;
    }
    T_CHECK(same < 20);  /* 2 expected by chance */
    T_CHECK(moved > 80); /* epochs differ: 99 expected */
    order_free(&a);
    order_free(&b);
    order_free(&c);
}

static void micro_batches_are_whole_sequences(void)
{
    const int32_t tokens[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const int len[5] = {3, 3, 8, 1, 1};
    struct pack p = {0};
    struct seqs q;

    for (int i = 0; i < 5; i++)
        pack_add(&p, tokens, len[i], 1, (uint64_t)i);
    T_EQ_INT(pack_micro(&p, 0, 5, 6), 2);
    T_EQ_INT(pack_micro(&p, 0, 5, 5), 1);
    T_EQ_INT(pack_micro(&p, 2, 5, 6), 3); /* longer than a micro-batch */
    T_EQ_INT(pack_micro(&p, 0, 1, 100), 1);
    T_EQ_INT(pack_micro(&p, 0, 5, 100), 5);
    q = pack_view(&p, 1, 4);
    T_EQ_INT(q.n, 3);
    T_CHECK(q.start[0] == 0 && q.start[1] == 3 && q.start[2] == 11 &&
            q.start[3] == 12);
    T_CHECK(q.tokens == p.tokens + 3 && q.id[0] == 1 && q.tokens[11] == 1);
    pack_free(&p);
}

static void the_schedule_rises_and_falls_to_a_tenth(void)
{
    T_NEAR(pretrain_schedule(0, 100, 10), 0.1, 0, 1e-15);
    T_NEAR(pretrain_schedule(9, 100, 10), 1, 0, 1e-15);
    T_NEAR(pretrain_schedule(10, 100, 10), 1, 0, 1e-15);
    T_NEAR(pretrain_schedule(55, 100, 10), 0.55, 0, 1e-14);
    T_NEAR(pretrain_schedule(100, 100, 10), 0.1, 0, 1e-14);
    for (int i = 0; i <= 40; i++)
        T_NEAR(pretrain_schedule(i, 40, 0),
               0.1 + 0.45 * (1 + cos(acos(-1) * i / 40)), 1e-15, 1e-15);
}

int main(void)
{
    T_RUN(each_epoch_has_every_prompt_once);
    T_RUN(the_order_is_a_function_of_seed_and_position);
    T_RUN(micro_batches_are_whole_sequences);
    T_RUN(the_schedule_rises_and_falls_to_a_tenth);
    T_DONE();
}
