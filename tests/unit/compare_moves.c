/* compare_moves - three updates of a small matrix, counted by hand */
#include "../../lib/compare/moves.h"
#include "t.h"

/* Columns 0 to 3; rows of the base are all 1. */
static const float base[3][4] = {{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}};
static const float one[3][4] = {{2, 2, 1, 1}, {2, 1, 1, 1}, {1, 1, 1, NAN}};
/* 1.001 is the same bf16 as 1, and 1.000001 within 1e-5 of it */
static const float two[3][4] = {{2, 1, 2, 1}, {1, 1, 1, 1}, {1, 1.001f, 1, 1}};
static const float three[3][4] = {
    {2, 1, 1, 1}, {2, 1, 1, 1}, {1, 1.000001f, 1, 2}};

static struct st_tensor matrix(const float *v)
{
    return (struct st_tensor){
        .type = DT_F32, .n_dims = 2, .dims = {3, 4}, .n = 12, .data = v};
}

static void counts_of_each(const struct moves *m)
{
    T_EQ_INT(m->of[0].non_finite, 1);
    T_EQ_INT(m->of[0].unchanged, 8);
    T_EQ_INT(m->of[1].unchanged, 10);
    T_EQ_INT(m->of[1].unchanged_abs, 9);
    T_EQ_INT(m->of[2].unchanged, 9);
    T_EQ_INT(m->of[2].unchanged_abs, 9);
    T_EQ_INT(m->of[0].rows_moved, 2);
    T_EQ_INT(m->of[0].cols_moved, 2);
    T_NEAR(m->of[0].row_most, 2.0 / 4, 0, 0);
    T_NEAR(m->of[0].col_most, 2.0 / 3, 0, 0);
    T_EQ_INT(m->of[1].rows_moved, 1);
    T_EQ_INT(m->of[1].cols_moved, 2);
    T_EQ_INT(m->of[2].rows_moved, 3);
}

/* The NaN is out of every overlap, so that three's last weight is not in it. */
static void overlaps(const struct moves *m)
{
    T_EQ_INT(m->n_all, 11);
    T_EQ_INT(m->of[0].moved, 3);
    T_EQ_INT(m->of[1].moved, 2);
    T_EQ_INT(m->of[2].moved, 2);
    T_EQ_INT(m->both[0 * 3 + 1], 1);
    T_EQ_INT(m->both[0 * 3 + 2], 2);
    T_EQ_INT(m->both[1 * 3 + 2], 1);
    T_EQ_INT(m->by[0], 7);
    T_EQ_INT(m->by[1], 2);
    T_EQ_INT(m->by[2], 1);
    T_EQ_INT(m->by[3], 1);
}

static void three_updates_by_hand(void)
{
    static const struct update u[3] = {{0, 1}, {0, 2}, {0, 3}};
    static int every[] = {0, 1, 2}, ends[] = {0, 2};
    static const struct move_group g[] = {{3, every}, {2, ends}};
    static const struct moves_opts o = {u, 3, g, 1e-3};
    struct st_tensor t[4] = {matrix(*base), matrix(*one), matrix(*two),
                             matrix(*three)};
    const struct st_tensor *p[4] = {t, t + 1, t + 2, t + 3};
    const void *v[4] = {base, one, two, three};
    struct moves m, sum;

    moves_open(&m, 3, 2);
    moves_open(&sum, 3, 2);
    moves_count(&m, p, v, 4, &o);
    counts_of_each(&m);
    overlaps(&m);
    moves_add(&sum, &m);
    moves_add(&sum, &m);
    T_EQ_INT(sum.n, 24);
    T_EQ_INT(sum.by[3], 2);
    T_EQ_INT(moves_by(&sum, 1)[0] + moves_by(&sum, 1)[1] + moves_by(&sum, 1)[2],
             sum.n_all);
    T_EQ_INT(moves_by(&sum, 1)[2], 2 * m.both[0 * 3 + 2]);
    T_EQ_INT(sum.both[2], 4);
    T_EQ_INT(sum.of[2].rows_moved, 6);
    T_NEAR(sum.of[0].col_most, 2.0 / 3, 0, 0);
    moves_close(&m);
    moves_close(&sum);
}

/* eta says what is moved, and not what is visible. */
static void a_wide_eta(void)
{
    static const struct update u[1] = {{0, 1}};
    static const float a[] = {1, 1, 1, 0, NAN}, b[] = {1, 1.25f, 2, -0.0f, 1};
    static const struct moves_opts o = {
        .update = u, .n_overlap = 1, .eta = 0.3};
    struct st_tensor t[2] = {
        {.type = DT_F32, .n_dims = 1, .dims = {5}, .n = 5, .data = a},
        {.type = DT_F32, .n_dims = 1, .dims = {5}, .n = 5, .data = b}};
    const struct st_tensor *p[2] = {t, t + 1};
    const void *const values[2] = {a, b};
    struct moves m;

    moves_open(&m, 1, 0);
    moves_count(&m, p, values, 2, &o);
    T_EQ_INT(m.of[0].non_finite, 1);
    T_EQ_INT(m.of[0].unchanged, 3);
    T_EQ_INT(m.of[0].visible, 2);
    moves_close(&m);
}

/* A vector has no rows; a run's end falls within a long row. */
static void a_long_vector(void)
{
    enum { N = 5000 };
    static float a[N], b[N];
    static const struct update u[1] = {{0, 1}};
    static int first[] = {0};
    static const struct move_group g[] = {{1, first}};
    static const struct moves_opts o = {u, 1, g, 1e-3};
    struct st_tensor t[2] = {
        {.type = DT_F32, .n_dims = 1, .dims = {N}, .n = N, .data = a},
        {.type = DT_F32, .n_dims = 1, .dims = {N}, .n = N, .data = b}};
    const struct st_tensor *p[2] = {t, t + 1};
    const void *v[2] = {a, b};
    struct moves m;

    for (int i = 0; i < N; i++)
        b[i] = i % 7 == 0 || i == 2047 || i == 2048 || i == N - 1;
    moves_open(&m, 1, 1);
    moves_count(&m, p, v, 2, &o);
    T_EQ_INT(m.by[1], 715 + 3);
    T_EQ_INT(m.of[0].moved, 715 + 3);
    T_EQ_INT(m.of[0].unchanged, N - 718);
    T_EQ_INT(m.rows, 0);
    moves_close(&m);
}

int main(void)
{
    T_RUN(three_updates_by_hand);
    T_RUN(a_wide_eta);
    T_RUN(a_long_vector);
    T_DONE();
}
