/* arm_table - the factors, and the arms: one row each (SCIENCE 2)
 *
 * The parser, the formatter, --help and the makefiles' list of arms are made
 * from these rows. docs/ARMS.md says which trainer is which arm.
 */
#include <string.h>
#include "arm_impl.h"

#define AT(field) offsetof(struct arm, field)

const struct factor arm_factors[] = {
    {"master", FACTOR_WORD, AT(master), "fp32|bf16|fp16",
     "type of the weights that the optimizer updates"},
    {"compute", FACTOR_WORD, AT(compute), "fp32|bf16|fp16",
     "type of activations and of the weights that products read; sums are "
     "fp32. fp16 has loss scaling"},
    {"grads", FACTOR_WORD, AT(grads), "fp32|bf16",
     "type of the gradients. bf16: each micro-batch's is rounded, added and "
     "rounded again, as torch does for bf16 parameters"},
    {"adam", FACTOR_WORD, AT(adam), "fp32|bf16|fp16", "type of both moments"},
    {"step", FACTOR_WORD, AT(step), "ulp|fused|foreach",
     "arithmetic of the update. ulp: one rounding at the store. fused: "
     "torch's fused kernel, decay first. foreach: torch's default, rounded "
     "after every tensor operation"},
    {"head", FACTOR_WORD, AT(head_fp32), "compute|fp32",
     "type of the logits and of their gradient"},
    {"rollout", FACTOR_ROLLOUT, AT(rollout), "same|ARM[+factor=value...]",
     "compute, head and order of the sampler: the trainer's, or those of an "
     "arm (rollout=bf16-mixed+head=fp32)"},
    {"rounding", FACTOR_WORD, AT(stochastic), "nearest|stochastic",
     "of the master weights when they are stored"},
    {"kahan", FACTOR_WORD, AT(kahan), "0|1",
     "bf16 compensation of half-type master weights"},
    {"order", FACTOR_ORDER, AT(order), "canonical|shuffled[:N]|hardware[:N]",
     "order of sums. N is a noise draw, apart from --seed, and moves the "
     "draws of dropout and stochastic rounding too; shuffled alone takes "
     "--seed. hardware: the GPU library's, or that of a CPU's avx512_bf16; "
     "hardware:N permutes the groups of a mini-batch"},
    {"dropout", FACTOR_DROPOUT, AT(dropout), "P|model",
     "on the outputs of attention and MLP. model: with the probability in "
     "config.json (attention_dropout)"},
    {"prefixes", FACTOR_WORD, AT(apart), "shared|apart",
     "shared: training computes a prefix that samples of a group share once. "
     "apart: for each sample; so always with dropout or grads=bf16"},
    {"shards", FACTOR_SHARDS, AT(shards), "1..",
     "parts of a mini-batch whose gradients are computed apart and then joined, "
     "as data-parallel ranks would; 1 in every arm. The number of ranks is no "
     "factor: with S shards any number gives the same bits"},
};
const int arm_n_factors = sizeof arm_factors / sizeof *arm_factors;

const struct arm_row arm_rows[] = {
    {"fp32", "master=fp32", "fp32 throughout: the reference"},
    {"bf16",
     "master=bf16,compute=bf16,grads=bf16,adam=bf16,step=foreach,"
     "order=shuffled,dropout=model",
     "a model in bf16 under torch.optim.AdamW"},
    {"bf16-weights", "master=bf16,compute=bf16,order=shuffled",
     "bf16 weights and compute; gradients and moments in fp32"},
    {"bf16-mixed", "compute=bf16",
     "fp32 weights and moments, bf16 compute: mixed precision"},
    {"verl", "compute=bf16,step=foreach",
     "mixed precision under torch's AdamW: verl's default"},
    {"bf16-sr", "master=bf16,compute=bf16,rounding=stochastic",
     "bf16 weights, rounded stochastically"},
    {"llmc-sr", "master=bf16,compute=bf16,grads=bf16,rounding=stochastic",
     "llm.c without master weights"},
    {"bf16-kahan", "master=bf16,compute=bf16,kahan=1",
     "bf16 weights with a bf16 compensation"},
    {"areal", "master=bf16,compute=bf16,adam=bf16,kahan=1",
     "bf16-kahan with moments in bf16: AReaL"},
    {"fp16-mixed", "compute=fp16",
     "fp32 weights and moments, fp16 compute with loss scaling"},
};
const int arm_n_rows = sizeof arm_rows / sizeof *arm_rows;

enum { INDENT = 15, WIDTH = 78 };

/* `text` in lines of at most WIDTH columns from INDENT on, where the first one
 * begins; broken at spaces and behind commas. */
static void wrap(struct buf *b, const char *text)
{
    size_t col = INDENT;

    while (*text) {
        size_t n = strcspn(text + 1, " ,") + 1;

        n += text[n] == ',';
        if (col + n > WIDTH) {
            buf_printf(b, "\n%*s", INDENT, "");
            col = INDENT;
            text += *text == ' ';
            n -= text[-1] == ' ';
        }
        buf_put(b, text, n);
        col += n;
        text += n;
    }
    buf_puts(b, "\n");
}

void arm_help(struct buf *b)
{
    buf_puts(b, "--arm ARM[,factor=value...]: a precision arm is a named "
                "setting of factors, and\nany of them can be set on top of "
                "it (fp32,master=bf16).\n\nArms, and how each differs from "
                "fp32:\n");
    for (int i = 0; i < arm_n_rows; i++) {
        buf_printf(b, "  %-12s ", arm_rows[i].name);
        wrap(b, arm_rows[i].what);
        if (i) {
            buf_printf(b, "%*s", INDENT, "");
            wrap(b, arm_rows[i].factors);
        }
    }
    buf_puts(b, "\nFactors; the first value is that of fp32 where no arm says "
                "otherwise:\n");
    for (int i = 0; i < arm_n_factors; i++) {
        buf_printf(b, "  %s=%s\n%*s", arm_factors[i].name,
                   arm_factors[i].values, INDENT, "");
        wrap(b, arm_factors[i].what);
    }
}
