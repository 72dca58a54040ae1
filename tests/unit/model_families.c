/* models that transformers saved, of each family (tests/golden/families):
 * log-probabilities, logits and gradients are those of transformers and torch
 * autograd; files in one piece and in shards, fp32 and bf16, tied and untied,
 * heads of another type */
#include <unistd.h>
#include "model_expected.h"

#define GOLDEN "tests/golden/families/"

static void llama(void)
{
    compare(GOLDEN "llama");
    compare(GOLDEN "llama_sharded");
}

static void llama_scaled_positions(void)
{
    struct config c;

    MUST(config_read(&c, GOLDEN "llama3_tied", &e));
    T_CHECK(c.rope.factor == 8 && c.rope.original_max_pos == 64);
    T_CHECK(c.rope_theta == 5e5 && c.tied && c.file_dtype == DT_BF16);
    T_EQ_INT(c.n_eos, 3); /* of config.json, then of generation_config.json */
    T_EQ_INT(c.eos[0], 3);
    T_EQ_INT(c.eos[1], 39);
    T_EQ_INT(c.eos[2], 5);
    compare(GOLDEN "llama3_tied");
}

static void heads_of_another_type(void)
{
    compare(GOLDEN "llama_head_fp32");
    compare(GOLDEN "llama_tied_head");
    compare(GOLDEN "qwen2_sharded");
}

/* check_families.py saw transformers load these bytes without a warning and
 * score alike. */
#define WRITTEN(name, sha)                                                     \
    written(GOLDEN name, GOLDEN "written/" name ".json", sha)

static void written_as_transformers_loads_it(void)
{
    WRITTEN("llama", "94d4edd88582a940699bae8179104c2a");
    WRITTEN("llama3_tied", "a9347adf2a5259cf58d435a86b703b89");
    WRITTEN("mistral", "ddbd6a0e61d1d40bf76b6adf0cab9b41");
    WRITTEN("qwen3", "bcc0599c31f283eed87a6610c97ef338");
    WRITTEN("qwen3_tied", "6f4b70831d810ed92080d841d0528333");
}

/* TEXT as DIR/config.json, read; its message has `says` (NULL: it is read). */
static void reads(struct config *c, const char *text, const char *says)
{
    char dir[] = "/tmp/ulp-families.XXXXXX", path[60];
    FILE *f;
    int r;

    if (!mkdtemp(dir))
        abort();
    snprintf(path, sizeof path, "%s/config.json", dir);
    f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    r = config_read(c, dir, &e);
    T_EQ_INT(r, says ? -ERR_DATA : 0);
    T_CHECKF(!says || strstr(e.msg, says), "%s", e.msg);
    unlink(path);
    rmdir(dir);
}

#define SIZES                                                                  \
    "\"hidden_size\": 32, \"num_hidden_layers\": 1, "                          \
    "\"num_attention_heads\": 4, \"intermediate_size\": 8, "                   \
    "\"vocab_size\": 60"
#define LLAMA "{\"model_type\": \"llama\", " SIZES

static void llama_is_refused_by_name(void)
{
    struct config c;

    reads(&c, LLAMA "}", NULL);
    T_EQ_INT(c.max_pos, 2048);
    T_CHECK(c.n_eos == 1 && c.eos[0] == 2);
    reads(&c,
          LLAMA ", \"eos_token_id\": null, \"pretraining_tp\": 4, "
                "\"rope_scaling\": {\"type\": \"default\"}}",
          NULL);
    T_EQ_INT(c.n_eos, 0);
    reads(&c, LLAMA ", \"attention_bias\": true}",
          "attention_bias is true: only false (biases on q, k and v are the "
          "family qwen2's) is implemented");
    reads(&c, LLAMA ", \"mlp_bias\": true}", "mlp_bias is true");
    reads(&c, LLAMA ", \"rope_scaling\": {\"rope_type\": \"yarn\"}}",
          "rope_type is \"yarn\": only default or llama3 is implemented");
    reads(&c, LLAMA ", \"rope_scaling\": {\"rope_type\": \"llama3\"}}",
          "rope_scaling: factor is missing");
}

#define MISTRAL                                                                \
    "{\"model_type\": \"mistral\", \"num_key_value_heads\": null, " SIZES

static void mistral(void)
{
    struct config c;

    compare(GOLDEN "mistral");
    compare(GOLDEN "mistral_tied");
    reads(&c, MISTRAL ", \"sliding_window\": null}", NULL);
    T_EQ_INT(c.kv_heads, 4);
    T_EQ_INT(c.max_pos, 131072);
    reads(&c,
          MISTRAL ", \"sliding_window\": 256, "
                  "\"max_position_embeddings\": 256}",
          NULL);
    reads(&c,
          MISTRAL ", \"sliding_window\": 255, "
                  "\"max_position_embeddings\": 256}",
          "sliding_window is 255 and max_position_embeddings 256: windows are "
          "not implemented");
    reads(&c, MISTRAL "}", "sliding_window is 4096");
}

static void qwen3(void)
{
    struct config c;

    compare(GOLDEN "qwen3");
    compare(GOLDEN "qwen3_tied");
    compare(GOLDEN "qwen3_sharded");
    reads(&c,
          "{\"model_type\": \"qwen3\", \"num_key_value_heads\": 2, " SIZES "}",
          NULL);
    T_EQ_INT(c.head_dim, 128);
    reads(&c,
          "{\"model_type\": \"qwen3\", \"num_key_value_heads\": 2, " SIZES
          ", \"attention_bias\": true}",
          "attention_bias is true");
}

static char *text_of(const char *name)
{
    static char text[8000];
    char path[100];
    FILE *f;

    snprintf(path, sizeof path, GOLDEN "defaults/%s.json", name);
    f = fopen(path, "r");
    text[f ? fread(text, 1, sizeof text - 1, f) : 0] = 0;
    if (f)
        fclose(f);
    return text;
}

static void what_transformers_writes_by_default(void)
{
    struct config c;

    reads(&c, text_of("llama"), NULL);
    T_EQ_INT(c.head_dim, 128);
    T_EQ_INT(c.eos[0], 2);
    reads(&c, text_of("qwen2"), NULL);
    T_EQ_INT(c.ffn, 22016);
    reads(&c, text_of("qwen3"), NULL);
    T_EQ_INT(c.kv_heads, 32);
    T_CHECK(c.rope_theta == 1e4 && c.file_dtype == DT_BF16);
    reads(&c, text_of("mistral"),
          "sliding_window is 4096 and max_position_embeddings 131072: windows "
          "are not implemented; with max_position_embeddings 4096 none acts");
}

int main(void)
{
    T_RUN(llama);
    T_RUN(llama_scaled_positions);
    T_RUN(heads_of_another_type);
    T_RUN(mistral);
    T_RUN(qwen3);
    T_RUN(llama_is_refused_by_name);
    T_RUN(what_transformers_writes_by_default);
    T_RUN(written_as_transformers_loads_it);
    T_DONE();
}
