/* tokenize - prompts to tokens, response tokens to text
 *
 * in      prompts (id, prompt; choices), or with --decode response_tokens
 * out     + prompt_tokens, or + response; unknown fields pass through
 * memory  one record, and the tokenizer
 * order   preserved
 */
#include "../lib/record/filter.h"
#include "../lib/record/prompt.h"
#include "../lib/text/template.h"
#include "main.h"

static struct filter f = FILTER_INIT;
static const char *dir, *model, *template_name = "none";
static const char *from_field, *to_field;
static int specials, decode, max_tokens, too_long_fails, count, strict;

static const struct opt own[] = {
    {OPT_STR, "tokenizer", 0, &dir, "DIR",
     "a directory with tokenizer.json, or that file", 0, 0},
    {OPT_STR, "model", 0, &model, "DIR", "the same: a model directory", 0, 0},
    {OPT_STR, "template", 0, &template_name, "NAME|FILE",
     "none, chat, dapo, qwen-boxed, chat+NAME, or a text file with {prompt} "
     "and, for choice tasks, {choices}", 0, 0},
    {OPT_FLAG, "specials", 0, &specials, NULL,
     "special tokens in the text are parsed (template none only); with "
     "--decode they are kept in the text", 0, 0},
    {OPT_FLAG, "decode", 0, &decode, NULL, "turn tokens into text", 0, 0},
    {OPT_STR, "text", 0, &from_field, "FIELD",
     "field to read: prompt; response_tokens with --decode", 0, 0},
    {OPT_STR, "as", 0, &to_field, "FIELD",
     "field to write: FIELD_tokens of what --text names; response with "
     "--decode", 0, 0},
    {OPT_INT, "max-tokens", 0, &max_tokens, "N",
     "leave out prompts with more than N tokens, and say how many; 0 keeps "
     "all", 0, 2147483647},
    {OPT_FLAG, "too-long-fails", 0, &too_long_fails, NULL,
     "a prompt above --max-tokens is a bad record", 0, 0},
    {OPT_FLAG, "strict", 0, &strict, NULL,
     "each record must be a whole prompt row (id, prompt, answer, verifier "
     "and what that needs), no id twice", 0, 0},
    {OPT_FLAG, "count", 0, &count, NULL,
     "say on stderr how many tokens and bytes it was", 0, 0},
    {0}};

static struct opt opts[] = {
    {OPT_GROUP, NULL, 0, (void *)own, NULL, NULL, 0, 0},
    {OPT_GROUP, NULL, 0, NULL, NULL, NULL, 0, 0},
    {0}};

static const struct cli cli = {
    .name = "tokenize",
    .purpose = "prompts to tokens, response tokens to text",
    .usage = "--tokenizer DIR [options] [records...]",
    .details =
        "Adds prompt_tokens to each prompt: the ids that Hugging Face "
        "tokenizers gives for the same tokenizer.json. Special tokens in the "
        "text of a template are parsed; in a prompt they are plain text, so "
        "that no prompt can end its own message (template none with "
        "--specials parses them). A record needs an id and a prompt, no "
        "more.\n\n"
        "Templates: none, the prompt as it is; chat, the model's own chat "
        "format around it; dapo, DAPO's instruction to end with an \"Answer:\" "
        "line; qwen-boxed, the prompt and a line that asks for a \\boxed{} "
        "answer; chat+NAME, what NAME makes as the user's message. The choices "
        "of a record become lines \"A. text\": where a file has {choices}, "
        "else behind the prompt (not with none).\n\n"
        "With --decode, adds response: the text of response_tokens without "
        "special tokens; bytes that are not UTF-8 become U+FFFD.",
    .example =
        "  echo '{\"id\":\"x\",\"prompt\":\"1+1=\",\"answer\":\"2\"}' | "
        "tokenize --tokenizer data/tokenizer/tiny --json\n"
        "  tokenize --model M --template chat gsm8k.jsonl | rollout --model M "
        "| tokenize --model M --decode | show",
    .see_also = "prepare, rollout, show",
    .opts = opts,
    .max_args = 1024,
};

struct work {
    struct tok *tok;
    struct template *template;
    struct tok_ids ids;
    struct prompt_ids *seen;
    uint64_t n_tokens, n_bytes, n_too_long;
};

/* The parts of one record's text; gives their number. */
static int parts(struct work *w, struct rec *rec, struct tok_part *part,
                 struct err *e)
{
    struct template_input in = {0};
    struct tok_part choice[26];
    const struct rec_str *v;
    struct rec_str text;
    size_t n = 0;
    int r = rec_need_str(rec, from_field, &text, e);

    if (r)
        return r;
    if (template_is_none(w->template)) {
        part[0] = (struct tok_part){text.s, text.n, specials};
        return 1;
    }
    r = rec_get_strs(rec, "choices", &v, &n, e);
    if (r < 0)
        return r;
    if (r && n > 26)
        return rec_bad(rec, e, "choices: %zu of them, expected up to 26", n);
    for (size_t i = 0; r && i < n; i++)
        choice[i] = (struct tok_part){v[i].s, v[i].n, 0};
    in.prompt = text.s;
    in.n = text.n;
    in.choices = choice;
    in.n_choices = r ? n : 0;
    return template_render(w->template, &in, part, e);
}

static int check(struct work *w, struct rec *rec, struct err *e)
{
    struct rec_str id;
    int r = rec_need_str(rec, "id", &id, e);

    if (!r && !id.n)
        return rec_bad(rec, e, "id: empty");
    if (!r && strict)
        r = prompt_check(rec, e);
    if (!r && strict)
        r = prompt_ids_add(w->seen, rec, e);
    return r;
}

/* 1: done; 0: too long, to be left out; negative: error. */
static int encode(struct work *w, struct rec *rec, struct err *e)
{
    struct tok_part part[TEMPLATE_PARTS];
    struct err why = {0};
    int n, r = check(w, rec, e);

    if (r)
        return r;
    n = parts(w, rec, part, e);
    if (n < 0)
        return n;
    w->ids.n = 0;
    if (tok_encode_parts(w->tok, part, (size_t)n, &w->ids, &why))
        return rec_bad(rec, e, "%s: %s", from_field, why.msg);
    if (!w->ids.n)
        return rec_bad(rec, e, "%s: empty", from_field);
    if (max_tokens && w->ids.n > (size_t)max_tokens) {
        if (too_long_fails)
            return rec_bad(rec, e, "%s: %zu tokens, --max-tokens is %d",
                           from_field, w->ids.n, max_tokens);
        w->n_too_long++;
        return 0;
    }
    w->n_tokens += w->ids.n;
    for (int i = 0; i < n; i++)
        w->n_bytes += part[i].n;
    rec_set_i32s(rec, to_field, w->ids.v, w->ids.n);
    return 1;
}

static int decode_one(struct work *w, struct rec *rec, struct err *e)
{
    struct rec_i32s ids;
    struct err why = {0};
    char *text;
    size_t n;
    int r = rec_need_i32s(rec, from_field, &ids, e);

    if (r)
        return r;
    if (tok_decode(w->tok, ids.v, ids.n, !specials, &text, &n, &why))
        return rec_bad(rec, e, "%s: %s", from_field, why.msg);
    w->n_tokens += ids.n;
    w->n_bytes += n;
    rec_set_str(rec, to_field, text, n);
    free(text);
    return 1;
}

static int fields(char *name, size_t cap, struct err *e)
{
    if (decode) {
        if (strcmp(template_name, "none") || max_tokens || strict)
            return err_set(e, ERR_USAGE, "--template, --max-tokens and "
                           "--strict do not go with --decode");
        from_field = from_field ? from_field : "response_tokens";
        to_field = to_field ? to_field : "response";
        return 0;
    }
    if (specials && strcmp(template_name, "none"))
        return err_set(e, ERR_USAGE, "--specials needs --template none: a "
                       "template's own special tokens are parsed anyway");
    from_field = from_field ? from_field : "prompt";
    if (!to_field) {
        snprintf(name, cap, "%.200s_tokens", from_field);
        to_field = name;
    }
    return 0;
}

static void made_by(const struct work *w)
{
    filter_made_by(&f, "tokenizer", tok_digest(w->tok));
    if (decode)
        filter_made_by(&f, "decode", from_field);
    else
        filter_made_by(&f, "template", template_identity(w->template));
    if (specials)
        filter_made_by(&f, "specials", "parsed");
    filter_made_by(&f, "as", to_field);
}

static int work(struct work *w, char **args, int n, struct err *e)
{
    struct rec *rec;
    int r = filter_open(&f, "tokenize", decode ? "rollouts" : "prompts", args,
                        n, e);

    if (r)
        return r;
    made_by(w);
    while ((r = filter_read(&f, &rec, e)) > 0) {
        r = decode ? decode_one(w, rec, e) : encode(w, rec, e);
        if (r < 0)
            r = filter_skip(&f, e);
        else if (r)
            r = filter_write(&f, rec, e);
        if (r)
            return r;
    }
    return r ? r : filter_close(&f, e);
}

static int run(char **args, int n, struct err *e)
{
    struct work w = {0};
    char name[256];
    int r;

    if (!dir == !model)
        return err_set(e, ERR_USAGE, "--tokenizer DIR is needed (or --model "
                       "DIR, not both)");
    r = fields(name, sizeof name, e);
    if (!r)
        r = tok_open(&w.tok, dir ? dir : model, e);
    if (!r)
        r = template_open(&w.template, template_name, w.tok, e);
    w.seen = prompt_ids_open();
    if (!r)
        r = work(&w, args, n, e);
    if (!r && w.n_too_long)
        fprintf(stderr, "tokenize: %llu prompts of more than %d tokens left "
                "out\n", (unsigned long long)w.n_too_long, max_tokens);
    if (!r && count)
        fprintf(stderr, "tokenize: %llu records, %llu tokens, %llu bytes\n",
                (unsigned long long)f.n_written,
                (unsigned long long)w.n_tokens,
                (unsigned long long)w.n_bytes);
    prompt_ids_close(&w.seen);
    template_close(&w.template);
    tok_ids_free(&w.ids);
    tok_close(&w.tok);
    return r;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char **args;
    int n;

    opts[1].dst = (void *)filter_opts(&f);
    n = start(&cli, argc, argv, &args);
    if (run(args, n, &e)) {
        filter_abort(&f);
        return fail(&cli, &e);
    }
    return finish(&cli);
}
