/* model directories: config.json, safetensors, round trips, digests */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "model_make.h"
#include "../../lib/base/hash.h"
#include "../../lib/model/safetensors.h"

static char tmp[] = "/tmp/ulp-model.XXXXXX";

static const char *in_tmp(const char *name)
{
    static char path[4][300];
    static int at;

    at = (at + 1) % 4;
    snprintf(path[at], sizeof path[at], "%s/%s", tmp, name);
    return path[at];
}

static void put_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(p, 1, n, f) != n || fclose(f))
        abort();
}

static void put_text(const char *name, const char *text)
{
    put_file(in_tmp(name), text, strlen(text));
}

/* ---- config ---- */

#define SIZES                                                                  \
    "\"hidden_size\": 32, \"num_hidden_layers\": 2, "                          \
    "\"num_attention_heads\": 4, \"intermediate_size\": 48, "                  \
    "\"vocab_size\": 60"

static int read_config(struct config *c, const char *members)
{
    char text[2000];

    snprintf(text, sizeof text, "{\"model_type\": \"qwen2\", " SIZES "%s%s}",
             *members ? ", " : "", members);
    put_text("config.json", text);
    return config_read(c, tmp, &e);
}

static void config_reads_old_and_new_spellings(void)
{
    struct config c;

    T_EQ_INT(read_config(&c, ""), 0);
    T_EQ_INT(c.kv_heads, 4);
    T_EQ_INT(c.head_dim, 8);
    T_EQ_INT(c.max_pos, 32768);
    T_CHECK(c.rope_theta == 1e4 && c.rms_eps == 1e-6 && c.arch == &arch_qwen2);
    T_EQ_INT(c.tied, 0);
    T_EQ_INT(c.n_eos, 0);
    T_EQ_INT(read_config(&c, "\"rope_theta\": 1e6, \"torch_dtype\": "
                             "\"bfloat16\", \"eos_token_id\": 7, "
                             "\"head_dim\": 10, \"rope_scaling\": null, "
                             "\"use_sliding_window\": false, "
                             "\"sliding_window\": 4096, "
                             "\"tie_word_embeddings\": true"),
             0);
    T_CHECK(c.rope_theta == 1e6 && c.file_dtype == DT_BF16 && c.tied);
    T_EQ_INT(c.head_dim, 10);
    T_EQ_INT(c.n_eos, 1);
    T_EQ_INT(c.eos[0], 7);
    T_EQ_INT(read_config(&c, "\"rope_parameters\": {\"rope_theta\": 5e5, "
                             "\"rope_type\": \"default\"}, \"dtype\": "
                             "\"float16\", \"eos_token_id\": [1, 2], "
                             "\"layer_types\": [\"full_attention\"]"),
             0);
    T_CHECK(c.rope_theta == 5e5 && c.file_dtype == DT_F16);
    T_EQ_INT(c.n_eos, 2);
    put_text("generation_config.json", "{\"eos_token_id\": [2, 9]}");
    T_EQ_INT(config_read(&c, tmp, &e), 0);
    T_EQ_INT(c.n_eos, 3);
    T_EQ_INT(c.eos[2], 9);
    unlink(in_tmp("generation_config.json"));
}

static void config_reads_equal_meanings(void)
{
    static const char *const plain[] = {
        "\"rope_scaling\": {\"type\": \"default\"}",
        "\"rope_scaling\": {\"rope_type\": \"default\", \"factor\": 1.0}",
        "\"rope_scaling\": false",
        "\"rope_parameters\": {\"rope_type\": \"default\"}",
        "\"rope_parameters\": {\"full_attention\": {\"rope_type\": "
        "\"default\"}}",
        "\"partial_rotary_factor\": 1.0",
        "\"hidden_act\": \"swish\"",
        "\"dtype\": \"auto\"",
        "\"torch_dtype\": null",
        "\"attention_dropout\": null",
        "\"num_key_value_heads\": null",
        "\"head_dim\": null",
    };
    struct config c, d;

    T_EQ_INT(read_config(&c, ""), 0);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        T_CHECKF(read_config(&d, plain[i]) == 0, "%s: %s", plain[i], e.msg);
        T_CHECKF(!memcmp(&c, &d, sizeof c), "%s", plain[i]);
    }
    T_EQ_INT(read_config(&d, "\"rope_parameters\": {\"full_attention\": "
                             "{\"rope_theta\": 5e5}}"),
             0);
    T_CHECK(d.rope_theta == 5e5);
    T_EQ_INT(read_config(&d, "\"rope_theta\": 1e6, \"rope_parameters\": "
                             "{\"rope_type\": \"default\"}"),
             0);
    T_CHECK(d.rope_theta == 1e6);
    T_EQ_INT(read_config(&d, "\"rope_scaling\": {\"rope_type\": \"llama3\", "
                             "\"factor\": 8, \"low_freq_factor\": 1, "
                             "\"high_freq_factor\": 4}"),
             0);
    T_EQ_INT(d.rope.original_max_pos, 32768);
}

static void config_refuses_by_name(void)
{
    static const char *const bad[][2] = {
        {"\"architectures\": [\"LlamaForCausalLM\"]", "architectures"},
        {"\"hidden_act\": \"gelu\"", "hidden_act is \"gelu\""},
        {"\"rope_scaling\": {\"type\": \"yarn\"}", "rope_scaling"},
        {"\"rope_parameters\": {\"rope_type\": \"yarn\"}", "rope_type"},
        {"\"rope_parameters\": {\"sliding_attention\": {\"rope_theta\": 5}}",
         "sliding_attention"},
        {"\"rope_parameters\": {\"a\": {\"rope_theta\": 5}}",
         "rope_parameters"},
        {"\"rope_scaling\": {\"type\": \"default\", \"factor\": 4}", "factor"},
        {"\"rope_scaling\": {\"type\": \"default\"}, \"rope_parameters\": "
         "{\"rope_theta\": 7}",
         "say different things"},
        {"\"rope_scaling\": 8", "rope_scaling is 8"},
        {"\"partial_rotary_factor\": 0.5", "partial_rotary_factor is 0.5"},
        {"\"use_sliding_window\": true", "use_sliding_window"},
        {"\"layer_types\": [\"sliding_attention\"]", "layer_types"},
        {"\"quantization_config\": {}", "quantization_config"},
        {"\"attention_dropout\": 1", "attention_dropout is 1"},
        {"\"dtype\": \"int8\"", "int8"},
        {"\"num_key_value_heads\": 3", "num_key_value_heads"},
        {"\"num_key_value_heads\": 0", "num_key_value_heads"},
        {"\"head_dim\": 7", "head_dim 7 is odd"},
        {"\"eos_token_id\": 60", "eos_token_id 60"},
        {"\"eos_token_id\": \"x\"", "eos_token_id"},
        {"\"eos_token_id\": [0,1,2,3,4,5,6,7,8]", "more than 8"},
        {"\"rope_theta\": -1", "rope_theta"},
        {"\"rms_norm_eps\": \"a\"", "rms_norm_eps"},
        {"\"max_position_embeddings\": 99999999999", "max_position"},
        {"\"tie_word_embeddings\": 1", "tie_word_embeddings"},
    };
    struct config c;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        T_EQ_INT(read_config(&c, bad[i][0]), -ERR_DATA);
        T_CHECKF(strstr(e.msg, bad[i][1]) && strstr(e.msg, "config.json"),
                 "%s: %s", bad[i][0], e.msg);
    }
    put_text("config.json", "{\"model_type\": \"gemma2\", " SIZES "}");
    T_EQ_INT(config_read(&c, tmp, &e), -ERR_DATA);
    T_CHECK(strstr(e.msg, "gemma2") && strstr(e.msg, "qwen2"));
    put_text("config.json", "{" SIZES "}");
    T_EQ_INT(config_read(&c, tmp, &e), -ERR_DATA);
    put_text("config.json", "{\"model_type\": \"qwen2\"}");
    T_EQ_INT(config_read(&c, tmp, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "hidden_size is missing"), "%s", e.msg);
    put_text("config.json", "[1]");
    T_EQ_INT(config_read(&c, tmp, &e), -ERR_DATA);
}

static void config_round_trip(void)
{
    struct config c = make_config(32, 4, 2, 60), d;

    c.tied = 1;
    c.rope_theta = 1000000;
    c.rms_eps = 1e-5;
    c.head_dim = 12;
    c.n_eos = 2;
    c.eos[0] = 4;
    c.eos[1] = 5;
    c.file_dtype = DT_BF16;
    T_EQ_INT(config_write(&c, tmp, &e), 0);
    T_EQ_INT(config_read(&d, tmp, &e), 0);
    T_CHECK(!memcmp(&c, &d, sizeof c));
}

/* ---- params ---- */

static void params_tile_the_flat_layout(void)
{
    struct config c = make_config(32, 4, 2, 60);
    struct params p;
    struct model_plan plan;
    struct arm a;

    MUST(arm_parse(&a, "fp32", &e));
    for (int tied = 0; tied < 2; tied++) {
        size_t at = 0;

        c.tied = tied;
        T_EQ_INT(params_list(&p, &c, &e), 0);
        T_EQ_INT(p.n, 2 * 12 + 3 - tied);
        for (int i = 0; i < p.n; i++) {
            T_EQ_INT(p.v[i].offset, at);
            at += p.v[i].n;
            T_EQ_INT(p.v[i].decay, p.v[i].cols > 0);
        }
        T_EQ_INT(p.n_values, at);
        model_plan(&plan, &c, &a, 10);
        T_EQ_INT(plan.n_params, at);
        params_free(&p);
    }
}

/* Published sizes: 7,615,616,512 and (tied) 494,032,768 parameters. */
static void plan_counts_real_models(void)
{
    struct config c7 = {&arch_qwen2,  3584,   28,   28,      4,   128,
                        18944,        152064, 4096, 0,       1e4, 1e-6,
                        {0, 0, 0, 0}, 0,      {0},  DT_BF16, 0};
    struct config c05 = {&arch_qwen2,  896,    24,    14,      2,   64,
                         4864,         151936, 32768, 1,       1e6, 1e-6,
                         {0, 0, 0, 0}, 0,      {0},   DT_BF16, 0};
    struct model_plan p;
    struct arm a;

    MUST(arm_parse(&a, "bf16-mixed", &e));
    model_plan(&p, &c7, &a, 4096);
    T_EQ_INT(p.n_params, 7615616512);
    T_EQ_INT(p.weight_bytes, 2 * 7615616512);
    T_EQ_INT(model_page_bytes(&c7, a.compute) * (size_t)kv_pages_for(4096) * 64,
             2ll * 28 * 4 * 128 * 4096 * 64 * 2);
    model_plan(&p, &c05, &a, 4096);
    T_EQ_INT(p.n_params, 494032768);
    T_EQ_INT(p.grad_bytes, 4 * (494032768ll + 151936ll * 896));
}

/* ---- models ---- */

static void save_and_load_round_trip(void)
{
    for (int tied = 0; tied < 2; tied++) {
        struct config c = make_config(16, 2, 1, 20), d;
        float *flat, *back;
        struct made x;
        char digest[33], want[33];
        size_t n;

        c.tied = tied;
        flat = make_flat(&c, 3);
        T_EQ_INT(model_save(in_tmp("m/a"), &c, flat, DT_F32, &e), 0);
        T_EQ_INT(config_read(&d, in_tmp("m/a"), &e), 0);
        T_CHECK(!memcmp(&c, &d, sizeof c));
        x = make_model(&c, "fp32", flat, 1, 0);
        n = model_params(x.m)->n_values;
        hash_hex128(flat, n * 4, want);
        MUST(model_digest(x.m, digest, &e));
        T_EQ_STR(digest, want);
        T_EQ_INT(model_load(x.m, in_tmp("m/a"), digest, &e), 0);
        T_EQ_STR(digest, want);
        back = malloc(n * 4);
        make_read(in_tmp("m/a"), model_params(x.m), DT_F32, back);
        T_CHECK(!memcmp(flat, back, n * 4));
        /* a flat master on the device, as a trainer hands it over */
        T_EQ_INT(model_set(x.m, back, DT_F32, &e), 0);
        MUST(model_digest(x.m, digest, &e));
        T_EQ_STR(digest, want);
        free(back);
        free(flat);
        drop_model(&x);
    }
}

static void half_types_are_rounded_once(void)
{
    struct config c = make_config(16, 2, 1, 20);
    float *flat = make_flat(&c, 3);
    struct made x = make_model(&c, "bf16-mixed", flat, 1, 0);
    struct made y = make_model(&c, "bf16-mixed", flat, 1, 0);
    size_t n = model_params(x.m)->n_values;
    uint16_t *half = malloc(2 * n);
    char a[33], b[33], want[33];

    T_EQ_INT(model_save(in_tmp("m/f32"), &c, flat, DT_F32, &e), 0);
    make_read(in_tmp("m/f32"), model_params(x.m), DT_BF16, half);
    T_EQ_INT(model_save(in_tmp("m/bf16"), &c, half, DT_BF16, &e), 0);
    T_EQ_INT(model_load(x.m, in_tmp("m/f32"), a, &e), 0);
    T_EQ_INT(model_load(y.m, in_tmp("m/bf16"), b, &e), 0);
    hash_hex128(half, 2 * n, want);
    T_EQ_STR(a, want);
    T_EQ_STR(b, want);
    T_EQ_INT(model_set(x.m, flat, DT_F32, &e), 0);
    MUST(model_digest(x.m, a, &e));
    T_EQ_STR(a, want);
    free(half);
    free(flat);
    drop_model(&x);
    drop_model(&y);
}

/* A file with the given tensors, all zeros; extra: one more of that name. */
static void write_model(const struct params *p, int skip, int reshape,
                        const char *extra, const char *path)
{
    struct st_writer *w;
    float *zeros = calloc(p->n_values, 4);
    int64_t three[1] = {3};

    MUST(st_create(&w, path, &e));
    for (int i = 0; i < p->n; i++) {
        int64_t dims[2] = {p->v[i].rows, p->v[i].cols};

        if (i == reshape)
            dims[0] = p->v[i].cols, dims[1] = p->v[i].rows;
        if (i != skip)
            MUST(st_declare(w, p->v[i].name, DT_F32, p->v[i].cols ? 2 : 1, dims,
                            &e));
    }
    if (extra)
        MUST(st_declare(w, extra, DT_F32, 1, three, &e));
    for (int i = 0; i < p->n; i++)
        if (i != skip)
            MUST(st_put(w, zeros, p->v[i].n * 4, &e));
    if (extra)
        MUST(st_put(w, zeros, 12, &e));
    MUST(st_commit(&w, NULL, &e));
    free(zeros);
}

static void logits_of(struct model *m, float *to)
{
    static const int len[] = {5, 3};
    struct batch *b = make_batch(len, 2, model_config(m)->vocab, 1);

    MUST(model_logits(m, &b->s, to, &e));
    drop_batch(b);
}

/* A model reads the values of a file where they are mapped: it has the weights
 * of the same values in an array, keeps them when it is parked, and the file
 * stays what it is when the model gets others. */
static void a_mapped_file_stays(const char *arm, enum dtype t)
{
    struct config c = make_config(20, 2, 1, 37); /* q, k and v share panels */
    float *flat = make_flat(&c, 3), *other = make_flat(&c, 4);
    float want[8 * 37], got[8 * 37];
    struct made x = make_model(&c, arm, other, 2, MODEL_PARK), y;
    size_t n = model_params(x.m)->n_values;
    uint16_t *half = malloc(2 * n);
    char a[33], b[33], before[33], after[33], path[300];

    MUST(model_save(in_tmp("p"), &c, flat, DT_F32, &e));
    make_read(in_tmp("p"), model_params(x.m), DT_BF16, half);
    MUST(model_save(in_tmp("p"), &c, t == DT_F32 ? (void *)flat : half, t, &e));
    make_read(in_tmp("p"), model_params(x.m), DT_F32, flat);
    snprintf(path, sizeof path, "%s", in_tmp("p/model.safetensors"));
    MUST(hash_file_hex128(path, before, &e));

    y = make_model(&c, arm, flat, 1, 0);
    MUST(model_digest(y.m, b, &e));
    logits_of(y.m, want);
    MUST(model_load(x.m, in_tmp("p"), a, &e));
    T_EQ_STR(a, b);
    for (int parked = 0; parked < 2; parked++) {
        logits_of(x.m, got);
        T_CHECKF(!memcmp(got, want, sizeof got), "%s, parked: %d", arm, parked);
        model_park(x.m);
        MUST(model_unpark(x.m, &e));
    }
    MUST(model_set_host(x.m, other, DT_F32, &e));
    logits_of(x.m, got);
    T_CHECK(memcmp(got, want, sizeof got));
    MUST(hash_file_hex128(path, after, &e));
    T_EQ_STR(after, before);
    free(flat), free(other), free(half);
    drop_model(&x);
    drop_model(&y);
}

static void mapped_files_stay(void)
{
    static const char *const arms[] = {"fp32", "bf16-weights,order=canonical",
                                       "bf16-mixed"};

    for (size_t i = 0; i < sizeof arms / sizeof *arms; i++) {
        a_mapped_file_stays(arms[i], DT_F32);
        a_mapped_file_stays(arms[i], DT_BF16);
    }
}

static void wrong_tensors_are_named(void)
{
    struct config c = make_config(16, 2, 1, 20);
    float *flat = make_flat(&c, 3);
    struct made x = make_model(&c, "fp32", flat, 1, 0);
    const struct params *p = model_params(x.m);
    char path[300];
    struct config t = c;
    struct made y;

    MUST(model_save(in_tmp("w"), &c, flat, DT_F32, &e));
    snprintf(path, sizeof path, "%s", in_tmp("w/model.safetensors"));
    write_model(p, 4, -1, NULL, path);
    T_EQ_INT(model_load(x.m, in_tmp("w"), NULL, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "self_attn.v_proj.weight is missing"), "%s", e.msg);
    write_model(p, -1, 4, NULL, path);
    T_EQ_INT(model_load(x.m, in_tmp("w"), NULL, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "v_proj.weight has shape [16, 8], expected "
                           "[8, 16]"),
             "%s", e.msg);
    write_model(p, -1, -1, "model.layers.2.mlp.up_proj.weight", path);
    T_EQ_INT(model_load(x.m, in_tmp("w"), NULL, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "layers.2.mlp.up_proj.weight is not part"), "%s",
             e.msg);
    write_model(p, -1, -1, "model.layers.0.self_attn.rotary_emb.inv_freq",
                path);
    T_EQ_INT(model_load(x.m, in_tmp("w"), NULL, &e), 0);
    /* a tied model's file may repeat the embedding as its head */
    t.tied = 1;
    y = make_model(&t, "fp32", flat, 1, 0);
    write_model(p, -1, -1, NULL, path);
    T_EQ_INT(model_load(y.m, in_tmp("w"), NULL, &e), 0);
    MUST(model_save(in_tmp("w"), &c, flat, DT_F32, &e));
    T_EQ_INT(model_load(y.m, in_tmp("w"), NULL, &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "lm_head.weight differs"), "%s", e.msg);
    free(flat);
    drop_model(&x);
    drop_model(&y);
}

/* ---- safetensors ---- */

static size_t file_of(char *buf, const char *header, size_t n_data)
{
    size_t n = strlen(header);

    for (int i = 0; i < 8; i++)
        buf[i] = (char)((uint64_t)n >> 8 * i);
    memcpy(buf + 8, header, n);
    memset(buf + 8 + n, 1, n_data);
    return 8 + n + n_data;
}

static int open_text(const char *header, size_t n_data, struct st_file **f)
{
    char buf[4000];
    size_t n = file_of(buf, header, n_data);

    put_file(in_tmp("x.safetensors"), buf, n);
    return st_open(f, in_tmp("x.safetensors"), &e);
}

#define A "\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}"

static void malformed_files_are_refused(void)
{
    static const struct {
        const char *header;
        size_t n;
        const char *why;
    } t[] = {
        {"{}", 0, "no tensors"},
        {"[]", 0, "not an object"},
        {"{" A, 16, "header"},
        {"{" A "}", 15, "outside"},
        {"{" A "}", 17, "17 bytes of data, the tensors cover 16"},
        {"{" A "," A "}", 16, "duplicate"},
        {"{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],"
         "\"data_offsets\":[12,16]}}",
         16, "b: overlaps"},
        {"{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],"
         "\"data_offsets\":[20,24]}}",
         24, "b: leaves a gap"},
        {"{\"a\":{\"dtype\":\"I64\",\"shape\":[1],"
         "\"data_offsets\":[0,8]}}",
         8, "a: dtype I64"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],"
         "\"data_offsets\":[0,8]}}",
         8, "give 8 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],"
         "\"data_offsets\":[0,4]}}",
         4, "dimension"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],"
         "\"data_offsets\":[0,4]}}",
         4, "dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,"
         "4294967296],\"data_offsets\":[0,4]}}",
         4, "too large"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],"
         "\"data_offsets\":[0,0]}}",
         0, "give 0 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],"
         "\"data_offsets\":[4,0]}}",
         4, "outside"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],"
         "\"data_offsets\":[0]}}",
         4, "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],"
         "\"data_offsets\":[0,4]}}",
         4, "dimension"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "exactly"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],"
         "\"x\":1}}",
         4, "exactly"},
        {"{\"a\":7}", 4, "exactly"},
        {"{\"__metadata__\":1," A "}", 16, "__metadata__"},
    };
    struct st_file *f;

    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        T_EQ_INT(open_text(t[i].header, t[i].n, &f), -ERR_DATA);
        T_CHECKF(strstr(e.msg, t[i].why) && strstr(e.msg, "x.safetensors"),
                 "%s: %s", t[i].header, e.msg);
        T_CHECK(!f);
    }
    put_file(in_tmp("x.safetensors"), "\1\0\0", 3);
    T_EQ_INT(st_open(&f, in_tmp("x.safetensors"), &e), -ERR_DATA);
    put_file(in_tmp("x.safetensors"), "\377\377\377\377\377\377\377\177{}", 10);
    T_EQ_INT(st_open(&f, in_tmp("x.safetensors"), &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "header claims"), "%s", e.msg);
    T_EQ_INT(st_open(&f, in_tmp("none.safetensors"), &e), -ERR_IO);
}

static void tensors_are_found(void)
{
    struct st_file *f;
    char one[33], two[33];
    const float *v;

    /* 73 bytes of header: the data lies unaligned in the file */
    T_EQ_INT(open_text("{\"__metadata__\":{\"format\":\"pt\"}," A ",\"0\":"
                       "{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":"
                       "[16,18]} }",
                       18, &f),
             0);
    T_EQ_INT(st_count(f), 2);
    T_EQ_STR(st_at(f, 0)->name, "0");
    T_EQ_INT(st_find(f, "0")->n, 1);
    T_EQ_INT(st_find(f, "a")->n_dims, 2);
    v = st_find(f, "a")->data;
    T_EQ_INT((uintptr_t)v % 4, 0);
    T_CHECK(v[3] == v[0] && !st_find(f, "b") && !st_find(f, ""));
    st_digest(f, one);
    MUST(st_close(&f, 0, &e));
    T_EQ_INT(open_text("{\"0\":{\"dtype\":\"BF16\",\"shape\":[],"
                       "\"data_offsets\":[16,18]}," A "}",
                       18, &f),
             0);
    st_digest(f, two);
    T_EQ_STR(one, two);
    MUST(st_close(&f, 0, &e));
}

static void shards_are_checked(void)
{
    static const char *const index = "model.safetensors.index.json";
    char buf[1000];
    struct st_file *f;
    size_t n;

    mkdir(in_tmp("s"), 0777);
    n = file_of(buf, "{" A "}", 16);
    put_file(in_tmp("s/1.safetensors"), buf, n);
    n = file_of(buf,
                "{\"b\":{\"dtype\":\"F16\",\"shape\":[1],"
                "\"data_offsets\":[0,2]}}",
                2);
    put_file(in_tmp("s/2.safetensors"), buf, n);
    snprintf(buf, sizeof buf, "s/%s", index);
    put_text(buf, "{\"metadata\":{},\"weight_map\":{\"a\":\"1.safetensors\","
                  "\"b\":\"2.safetensors\"}}");
    T_EQ_INT(st_open(&f, in_tmp("s"), &e), 0);
    T_EQ_INT(st_count(f), 2);
    T_EQ_INT(st_find(f, "b")->type, DT_F16);
    MUST(st_close(&f, 0, &e));
    put_text(buf, "{\"weight_map\":{\"a\":\"1.safetensors\","
                  "\"b\":\"1.safetensors\"}}");
    T_EQ_INT(st_open(&f, in_tmp("s"), &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "tensor b is not in 1.safetensors"), "%s", e.msg);
    put_text(buf, "{\"weight_map\":{\"a\":\"2.safetensors\","
                  "\"b\":\"1.safetensors\"}}");
    T_EQ_INT(st_open(&f, in_tmp("s"), &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "tensor a belongs in"), "%s", e.msg);
    put_text(buf, "{\"weight_map\":{\"a\":\"1.safetensors\","
                  "\"c\":\"2.safetensors\"}}");
    T_EQ_INT(st_open(&f, in_tmp("s"), &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "tensor b is not in"), "%s", e.msg);
    put_text(buf, "{\"weight_map\":{\"a\":\"../1.safetensors\"}}");
    T_EQ_INT(st_open(&f, in_tmp("s"), &e), -ERR_DATA);
    T_CHECKF(strstr(e.msg, "plain file name"), "%s", e.msg);
    put_text(buf, "{\"weight_map\":{\"a\":\"3.safetensors\"}}");
    T_EQ_INT(st_open(&f, in_tmp("s"), &e), -ERR_IO);
    put_text(buf, "{}");
    T_EQ_INT(st_open(&f, in_tmp("s"), &e), -ERR_DATA);
}

static void the_writer_checks_what_it_gets(void)
{
    struct st_writer *w;
    int64_t two[1] = {2};
    float v[2] = {1, 2};

    MUST(st_create(&w, in_tmp("w.safetensors"), &e));
    T_EQ_INT(st_declare(w, "a\"\\", DT_F32, 1, two, &e), 0);
    T_EQ_INT(st_declare(w, "a\"\\", DT_F32, 1, two, &e), -ERR_DATA);
    T_EQ_INT(st_put(w, v, 4, &e), -ERR_DATA);
    T_EQ_INT(st_put(w, v, 8, &e), 0);
    T_EQ_INT(st_put(w, v, 8, &e), -ERR_DATA);
    T_EQ_INT(st_commit(&w, NULL, &e), 0);
    T_CHECK(!w);
    MUST(st_create(&w, in_tmp("w.safetensors"), &e));
    T_EQ_INT(st_declare(w, "b", DT_F32, 1, two, &e), 0);
    T_EQ_INT(st_commit(&w, NULL, &e), -ERR_DATA);
    st_abort(&w);
    { /* the file of the first commit is still there */
        struct st_file *f;

        T_EQ_INT(st_open(&f, in_tmp("w.safetensors"), &e), 0);
        T_CHECK(((const float *)st_find(f, "a\"\\")->data)[1] == 2);
        MUST(st_close(&f, 0, &e));
    }
}

/* Bytes changed, cut, put in: opened or refused, never a crash; what opens
 * has data inside the file. */
static void mutations_never_crash(void)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"}," A ",\"b\":{\"dtype\":"
        "\"BF16\",\"shape\":[3,1],\"data_offsets\":[16,22]}}";
    char good[300], buf[400];
    size_t n_good = file_of(good, header, 22);
    struct rng r;
    int opened = 0, fd = memfd_create("mutant", 0);
    char path[40];

    if (fd < 0)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rng_init(&r, 1, 2);
    for (int round = 0; round < 4000; round++) {
        size_t n = n_good;
        struct st_file *f;
        unsigned edits = 1 + rng_below(&r, 3);

        memcpy(buf, good, n);
        while (edits--) {
            size_t at = rng_below(&r, (uint32_t)(n ? n : 1));

            switch (rng_below(&r, 4)) {
            case 0:
                buf[at] = (char)rng_u32(&r);
                break;
            case 1:
                buf[at] = "0123456789{}[]\",:-"[rng_below(&r, 18)];
                break;
            case 2:
                n = at;
                break;
            default:
                memmove(buf + at + 1, buf + at, n - at);
                buf[at] = "0123456789{}[]\",:-"[rng_below(&r, 18)];
                n++;
            }
        }
        if (ftruncate(fd, 0) || pwrite(fd, buf, n, 0) != (ssize_t)n)
            abort();
        if (st_open(&f, path, &e)) {
            T_CHECK(!f && e.msg[0]);
            continue;
        }
        opened++;
        for (size_t i = 0; i < st_count(f); i++) {
            const struct st_tensor *t = st_at(f, i);
            const unsigned char *p = t->data;
            unsigned sum = 0;

            for (size_t j = 0; j < t->n * dtype_size(t->type); j++)
                sum += p[j]; /* the sanitizer looks at each byte */
            T_CHECK(sum < 1000000);
        }
        MUST(st_close(&f, 0, &e));
    }
    close(fd);
    T_CHECK(opened > 100 && opened < 3900);
}

int main(void)
{
    char cmd[100];

    if (!mkdtemp(tmp))
        return 1;
    T_RUN(config_reads_old_and_new_spellings);
    T_RUN(config_reads_equal_meanings);
    T_RUN(config_refuses_by_name);
    T_RUN(config_round_trip);
    T_RUN(params_tile_the_flat_layout);
    T_RUN(plan_counts_real_models);
    T_RUN(save_and_load_round_trip);
    T_RUN(half_types_are_rounded_once);
    T_RUN(mapped_files_stay);
    T_RUN(wrong_tensors_are_named);
    T_RUN(malformed_files_are_refused);
    T_RUN(tensors_are_found);
    T_RUN(shards_are_checked);
    T_RUN(the_writer_checks_what_it_gets);
    T_RUN(mutations_never_crash);
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", tmp);
    if (system(cmd))
        return 1;
    T_DONE();
}
