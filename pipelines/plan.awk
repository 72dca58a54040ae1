# plan - the page that `make plan` prints, from what pipelines/plan gathered
#
# Files in order: shape (rollout --plan), stages (KIND COUNT), sets (NAME ROWS
# PROMPT_TOKENS LONGEST SAMPLES TOO_LONG MAX_PROMPT; the training set first), memory (per
# arm and way to take less: ARM WAY and MiB of the trainer's weights, state, gradients,
# activations, of the sampler's weights and cache, and the most at once), missing (sentences).
function size(b) {
    if (b >= 1099511627776) return sprintf("%.1f TiB", b / 1099511627776)
    if (b >= 1073741824) return sprintf("%.1f GiB", b / 1073741824)
    return sprintf("%.1f MiB", b / 1048576)
}
function flop(x) { return sprintf("%.3g", x) }
function hms(s) {
    if (s < 90) return sprintf("%.0f s", s)
    if (s < 5400) return sprintf("%.0f min", s / 60)
    if (s < 172800) return sprintf("%.1f h", s / 3600)
    if (s < 63072000) return sprintf("%.0f days", s / 86400)
    return sprintf("%.0f years", s / 31536000)
}
function mean_new(longest) {
    return want && want < longest ? want : longest
}
# FLOP of one token with a context of c tokens before it
function cost(c) { return f1 + fc * c }
function row(name, times, tokens, work, rate) {
    printf "  %-34s %14.4g %12s %12s\n", name, tokens * times, flop(work * times), hms(work * times / rate)
    all_tokens += tokens * times; all_work += work * times; all_s += work * times / rate
}
BEGIN {
    split(rates, rate, " ")
    want = ENVIRON["PLAN_MEAN_NEW"] + 0
    arms = split(ENVIRON["PLAN_ARMS"], arm_list, " ")
    seeds = split(ENVIRON["PLAN_SEEDS"], s_, " ")
    runs = arms * seeds
    again = ENVIRON["PLAN_REPLICATES"] + 0
    P = ENVIRON["PLAN_PROMPTS"]; S = ENVIRON["PLAN_SAMPLES"]
    steps = ENVIRON["PLAN_STEPS"]; chunks = ENVIRON["PLAN_CHUNKS"]
    # chunks of a run whose weights and rollouts are there at once
    there = ENVIRON["PLAN_KEEP"] == "last" && chunks > 2 ? 2 : chunks
}
FNR == 1 { while (ARGV[++at] != FILENAME) ; }
FILENAME ~ /shape$/ {
    if (/^parameters/) params = $2
    if (/^arithmetic/) { f1 = $2; fc = $7 }
}
FILENAME ~ /stages$/ { if ($1 == "all") stages = $2; else kinds = kinds sprintf("%s%d %s", kinds == "" ? "" : ", ", $2, $1) }
FILENAME ~ /sets$/ {
    set[++n_sets] = $1; rows[n_sets] = $2; prompt[n_sets] = $2 ? $3 / $2 : 0
    longest_new[n_sets] = $4; samples[n_sets] = $5
    if ($6 && $7) left_out = sprintf("  (%d prompts of %s have more than MAX_PROMPT=%d tokens and are left out)\n", $6, $1, $7)
    else if ($6) wrong[++n_wrong] = sprintf("%d prompts of %s have more than %d tokens: with %d new ones that is above the context of %d. ", \
        $6, $1, context - $4, $4, context) (n_sets == 1 ? "MAX_PROMPT=" (context - $4) " leaves them out" : "A smaller max_new makes room")
}
FILENAME ~ /memory$/ {
    if ($2 == 0) name[++n_arms] = $1
    for (j = 1; j <= 7; j++) m[n_arms, $2, j] = $(2 + j) * 1048576
    ways = $2
}
FILENAME ~ /missing$/ { wrong[++n_wrong] = $0 }
# The most that trainer and sampler hold at once: on a GPU the one gives back
# what it does not need while the other works, on the CPU both hold on.
function both(a, i) { return m[a, i, 7] }
function words(i) {
    if (i == 1) return "TRAIN_OPTS='--recompute'"
    if (i == 2) return "TRAIN_OPTS='--recompute --offload'"
    if (i == 3) return "TRAIN_OPTS='--recompute --offload' ROLLOUT_OPTS='--offload'"
    return "TRAIN_OPTS='--recompute --offload --micro-batch 1' ROLLOUT_OPTS='--offload --batch 8'"
}
END {
    printf "preset %s, model %s: %.0f parameters; device %s\n\n", ENVIRON["PLAN_PRESET"], \
        ENVIRON["PLAN_MODEL"] == "" ? "made from nothing" : ENVIRON["PLAN_MODEL"], params, device
    printf "Stages: %d to run of %d (%s); %d training runs of %d steps in %d chunks, and %d replicates\n", \
        stages, ENVIRON["PLAN_STAGES"], kinds, runs, steps, chunks, again

    printf "\nMemory of a training stage (%s: %s)\n", size(mem), mem_from
    printf "  %-14s %10s %10s %10s %11s %10s %10s %10s\n", "arm", "weights", "state", "gradients", \
        "activations", "sampler", "its cache", "at most"
    for (a = 1; a <= n_arms; a++)
        printf "  %-14s %10s %10s %10s %11s %10s %10s %10s%s\n", name[a], size(m[a, 0, 1]), size(m[a, 0, 2]), \
            size(m[a, 0, 3]), size(m[a, 0, 4]), size(m[a, 0, 5]), size(m[a, 0, 6]), size(both(a, 0)), \
            (both(a, 0) > mem ? "  does not fit" : "")
    print "  (state: master weights and moments; trainer and sampler share the device" \
        (device == "cpu" ? "" : ": each gives back what it does not need while the other works") ")"
    printf "  (micro-batch of %d tokens, %d sequences at once, sequences of at most %d tokens)\n", micro, batch, longest
    if (device == "cpu" && jobs > 1)
        printf "  (each of the %d stages that run at once takes this much; -j1 runs one)\n", jobs

    new = mean_new(longest_new[1]); len = prompt[1] + new
    for (a = 1; a <= n_arms; a++) {
        checkpoint = m[a, 0, 2]
        checkpoints += checkpoint * (seeds * there + (again ? 1 : 0))
        last += checkpoint * (seeds + (again ? 1 : 0))
    }
    kept = (runs * there / chunks + again) * steps * P * S * new * 14
    printf "\nDisk (free where results go: %s)\n", size(free)
    n_checkpoints = arms * (seeds * there + (again ? 1 : 0))
    printf "  checkpoints  %d of %s on average: %s%s\n", n_checkpoints, size(checkpoints / n_checkpoints), \
        size(checkpoints), (there < chunks ? " (KEEP=last)" : "")
    printf "  rollouts     about %s (14 bytes a token, as random ones take)\n", size(kept)

    printf "\nWork%s\n", want ? sprintf(", at %d tokens a response (MEAN_NEW)", want) : \
        ", every response as long as it may be (MEAN_NEW=N plans with a mean)"
    printf "  %-34s %14s %12s %12s\n", "", "tokens", "FLOP", "time"
    g = P * S * new * cost(prompt[1] + new / 2) + P * prompt[1] * cost(prompt[1] / 2)
    t = P * S * len * cost(len / 2)
    row("training: sampling", (runs + again) * steps, P * S * new, g, rate[2])
    row("training: scoring and updating", (runs + again) * steps, P * S * len, 4 * t, rate[1])
    kl = ENVIRON["PLAN_KL_PROMPTS"] + 0
    for (i = 2; i <= n_sets; i++) {
        new = mean_new(longest_new[i]); len = prompt[i] + new
        e_tokens += rows[i] * samples[i] * new
        e_work += rows[i] * (samples[i] * new * cost(prompt[i] + new / 2) + prompt[i] * cost(prompt[i] / 2))
        k = rows[i] < kl ? rows[i] : kl
        k_tokens += k * len
        ks_work += k * new * cost(prompt[i] + new / 2)
        kl_work += 4 * k * len * cost(len / 2)
    }
    row("evaluation", 1 + runs + again, e_tokens, e_work, rate[2])
    row("KL: sampling", runs + arms, k_tokens, ks_work, rate[2])
    row("KL: scoring by two models", runs + arms, k_tokens, kl_work, rate[1])
    printf "  %-34s %14.4g %12s %12s\n", "together", all_tokens, flop(all_work), hms(all_s)
    printf "%s", left_out
    printf "  (one round of sampling a step: dynamic sampling asks for more where groups are uniform)\n"
    printf "  (%s and %s FLOP/s, sampling and scoring, %s)\n", flop(rate[2]), flop(rate[1]), rate_from

    print "\nWhat does not fit"
    for (a = 1; a <= n_arms; a++) {
        if (both(a, 0) <= mem) { fits = fits " " name[a]; continue }
        printf "  %s needs %s, there are %s\n", name[a], size(both(a, 0)), size(mem)
        bad++
        for (i = 1; i <= ways && both(a, i) > mem; i++) ;
        if (i <= ways)
            printf "    %s makes it %s (the same bits)\n", words(i), size(both(a, i))
        else {
            printf "    even with %s it is %s: a device of that size (DEVICE_MEM)%s\n", words(ways), size(both(a, ways)), \
                device == "cpu" ? "" : ", or DEVICE=cpu on a machine with more"
            per = (both(a, ways) - m[a, ways, 4] - m[a, ways, 6]) / params
            printf "    a smaller MODEL: about %.2g parameters fit in this arm\n", 0.9 * mem / per
        }
    }
    if (bad && fits != "") printf "  these arms fit: ARMS='%s'\n", substr(fits, 2)
    if (checkpoints + kept > free) {
        bad++
        printf "  disk: %s, and %s are free\n", size(checkpoints + kept), size(free)
        if (there == chunks && chunks > 2)
            print "    KEEP=last keeps two checkpoints of a run at most"
        if (last + kept <= free)
            printf "    CHUNK=%d keeps one checkpoint a run: %s\n", steps, size(last + kept)
        else
            printf "    with CHUNK=%d, one checkpoint a run, it is %s; fewer ARMS or SEEDS, or R= on a larger disk\n", steps, size(last + kept)
    }
    for (i = 1; i <= n_wrong; i++) print "  " wrong[i]
    if (!bad && !n_wrong) print "  nothing: it all fits"
}
