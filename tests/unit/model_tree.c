/* model_tree - rows of a batch: each beginning once, with its last sequence */
#include "../../lib/model/micro.h"
#include "../../lib/model/model.h"
#include "../../lib/model/tree.h"
#include "t.h"

/* Two tokens of prompt; the last token of each has no row. */
static const int32_t tokens[] = {
    1, 2, 5, 6,    /* 0: rows 1, 12, 125 */
    1, 2, 5, 7, 8, /* 1: 1, 12, 125, 1257 */
    1, 2, 5, 7, 8, /* 2: the same */
    1, 2, 9,       /* 3: 1, 12 */
    3, 3,          /* 4: nothing scored */
    3, 3, 3,       /* 5: 3, 33 */
};
static const int32_t start[] = {0, 4, 9, 14, 17, 19, 22};
static const int32_t first[] = {2, 2, 2, 2, 2, 2};
static int32_t shared[7];
enum { N = 6 };

static void mark(void)
{
    static const int32_t want[] = {0, 3, 4, 2, 0, 0, 0};

    for (int i = 1; i < N; i++)
        shared[i] = common_rows(tokens + start[i - 1],
                                (size_t)(start[i] - start[i - 1]), first[i - 1],
                                tokens + start[i],
                                (size_t)(start[i + 1] - start[i]), first[i]);
    for (int i = 0; i <= N; i++)
        T_EQ_INT(shared[i], want[i]);
    T_EQ_INT(common_rows(tokens, 4, 2, tokens, 4, 3), 0);
    T_EQ_INT(common_rows(tokens, 4, 2, tokens, 4, 2), 3);
}

struct want {
    int pos, a, b;
};

static void check(const struct tree *t, const struct want *w, int n, int open)
{
    T_EQ_INT(t->n, n);
    T_EQ_INT(t->unfinished, open);
    for (int r = 0; r < n && r < t->n; r++)
        T_CHECKF(t->row[r].pos == w[r].pos && t->row[r].a == w[r].a &&
                     t->row[r].b == w[r].b,
                 "row %d is (%d, [%d, %d))", r, t->row[r].pos, t->row[r].a,
                 t->row[r].b);
}

#define CHECK(t, open, ...)                                                    \
    do {                                                                       \
        const struct want w[] = {__VA_ARGS__};                                 \
        check(&(t), w, sizeof w / sizeof *w, open);                            \
    } while (0)

static void a_row_comes_with_its_last_sequence(void)
{
    struct seqs s = {N, start, tokens, first, NULL, shared};
    struct tree t = {0};

    mark();
    tree_make(&t, &s, 0, N, TREE_SHARE | TREE_UNFINISHED);
    CHECK(t, 0, {2, 0, 3}, {3, 1, 3}, {0, 0, 4}, {1, 0, 4}, {0, 5, 6},
          {1, 5, 6});
    T_CHECK(t.branching && !t.resumed);
    for (int q = 0; q < N; q++)
        T_EQ_INT(tree_closes(&t, q), q == 2 || q == 3 || q == 5);
    /* cut before 2, and before 3 */
    tree_make(&t, &s, 0, 2, TREE_SHARE);
    CHECK(t, 0, {0, 0, 2}, {1, 0, 2}, {2, 0, 2}, {3, 1, 2});
    s.n = 2;
    tree_make(&t, &s, 0, 2, TREE_SHARE | TREE_UNFINISHED);
    CHECK(t, 4, {0, 0, 2}, {1, 0, 2}, {2, 0, 2}, {3, 1, 2});
    s = (struct seqs){1, start + 2, tokens, first + 2, NULL, shared + 2};
    tree_make(&t, &s, 0, 1, TREE_SHARE | TREE_UNFINISHED);
    CHECK(t, 2, {2, 0, 1}, {3, 0, 1}, {0, 0, 1}, {1, 0, 1});
    T_EQ_INT(t.resumed, 4);
    tree_free(&t);
}

static void alone_every_sequence_has_its_rows(void)
{
    struct seqs s = {N, start, tokens, first, NULL, shared};
    struct tree t = {0};

    mark();
    tree_make(&t, &s, 3, N, 0);
    CHECK(t, 0, {0, 3, 4}, {1, 3, 4}, {0, 5, 6}, {1, 5, 6});
    T_CHECK(!t.branching);
    tree_make(&t, &s, 3, N, TREE_ALL);
    CHECK(t, 0, {0, 3, 4}, {1, 3, 4}, {2, 3, 4}, {0, 4, 5}, {1, 4, 5},
          {0, 5, 6}, {1, 5, 6}, {2, 5, 6});
    tree_make(&t, &s, 4, 5, TREE_SHARE);
    T_EQ_INT(t.n, 0);
    tree_make(&t, &s, 0, 0, TREE_SHARE | TREE_UNFINISHED);
    T_EQ_INT(t.n, 0);
    tree_free(&t);
}

static void a_micro_batch_counts_what_it_computes(void)
{
    struct seqs s = {N, start, tokens, first, NULL, shared};

    mark();
    T_EQ_INT(seqs_micro(&s, 0, 1), 1); /* one is always taken */
    T_EQ_INT(seqs_micro(&s, 0, 6), 2); /* 4 + 2 */
    T_EQ_INT(seqs_micro(&s, 0, 7), 3); /* + 1 */
    T_EQ_INT(seqs_micro(&s, 2, 8), 5); /* 5 + 1 + 2 */
}

int main(void)
{
    T_RUN(a_row_comes_with_its_last_sequence);
    T_RUN(alone_every_sequence_has_its_rows);
    T_RUN(a_micro_batch_counts_what_it_computes);
    T_DONE();
}
