/* stored outputs of transformers and torch autograd on small Qwen2 models */
#include "model_expected.h"
#include "../../lib/base/hash.h"

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

/* The bytes that check_written.py saw transformers load without a warning and
 * score alike (largest difference 3.5e-6 nats). */
static void written_as_transformers_loads_it(void)
{
    char tmp[] = "/tmp/ulp-golden.XXXXXX", path[100], cmd[200], hex[33];
    struct config c;
    struct params p;
    uint16_t *w;

    if (!mkdtemp(tmp))
        abort();
    MUST(config_read(&c, GOLDEN "tied", &e));
    MUST(params_list(&p, &c, &e));
    w = malloc(2 * p.n_values);
    make_read(GOLDEN "tied", &p, DT_BF16, w);
    MUST(model_save(tmp, &c, w, DT_BF16, &e));
    snprintf(path, sizeof path, "%s/model.safetensors", tmp);
    MUST(hash_file_hex128(path, hex, &e));
    T_EQ_STR(hex, "c960ce66ea898d3d51e5418b77696eb2");
    snprintf(cmd, sizeof cmd,
             "cmp %s/config.json " GOLDEN "written_config.json && rm -r %s",
             tmp, tmp);
    T_EQ_INT(system(cmd), 0);
    free(w);
    params_free(&p);
}

int main(void)
{
    T_RUN(transformers_untied);
    T_RUN(transformers_tied);
    T_RUN(written_as_transformers_loads_it);
    T_DONE();
}
