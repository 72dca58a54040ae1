/* stored outputs of transformers and torch autograd on small Qwen2 models */
#include "model_expected.h"

#define GOLDEN "tests/golden/model/"
static void transformers_untied(void)
{
    compare(GOLDEN "untied");
}

static void transformers_tied(void)
{
    struct config c;

    MUST(config_read(&c, GOLDEN "tied", &e));
    T_EQ_INT(c.tied, 1);
    T_EQ_INT(c.n_eos, 2);
    T_EQ_INT(c.eos[1], 47);
    T_CHECK(c.rope_theta == 1e6);
    T_CHECK(c.file_dtype == DT_BF16);
    compare(GOLDEN "tied");
}

/* check_written.py saw transformers load these bytes without a warning and score
 * alike (largest difference 3.5e-6 nats). */
static void written_as_transformers_loads_it(void)
{
    written(GOLDEN "tied", GOLDEN "written_config.json",
            "c960ce66ea898d3d51e5418b77696eb2");
}

int main(void)
{
    T_RUN(transformers_untied);
    T_RUN(transformers_tied);
    T_RUN(written_as_transformers_loads_it);
    T_DONE();
}
