/* train_mismatch - the sampler's log-probabilities against the trainer's
 *
 * Expected values: numpy, from verl's formulas (mismatch.h), on eight tokens.
 */
#include <math.h>
#include "../../lib/train/mismatch.h"
#include "t.h"

static const float old[8] = {-0.5f, -1.25f, -0.03125f, -3.0f,
                             -2.0f, -0.75f, -6.0f,     -0.25f};
static const float roll[8] = {-0.5f, -1.0f, -0.0625f, -3.5f,
                              -2.0f, -0.5f, -4.0f,    -0.375f};

static void the_figures_are_verls(void)
{
    struct mismatch m = {0}, cut = {0};

    for (int i = 0; i < 8; i++) {
        mismatch_add(&m, old[i], roll[i], 0);
        mismatch_add(&cut, old[i], roll[i], 1.25);
    }
    T_EQ_INT(m.compared, 8);
    T_EQ_INT(m.differing, 6);
    T_EQ_INT(m.non_finite, 0);
#include "../golden/train/mismatch_verl.h"
}

static void what_is_not_finite_is_counted_apart(void)
{
    struct mismatch m = {0};

    mismatch_add(&m, -1, NAN, 0);
    mismatch_add(&m, -INFINITY, -1, 0);
    T_CHECK(m.non_finite == 2 && m.compared == 0 && m.dp == 0);
    mismatch_add(&m, -1, -1, 0);
    T_CHECK(m.compared == 1 && m.differing == 0 && m.dp_max == 0);
}

int main(void)
{
    T_RUN(the_figures_are_verls);
    T_RUN(what_is_not_finite_is_counted_apart);
    T_DONE();
}
