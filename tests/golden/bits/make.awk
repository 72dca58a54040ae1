# make - the inputs of the bits tests: awk -f make.awk -v WHAT=corpus|prompts
#
# Sums of two digits; in the corpus a third of the answers are right. Integers
# below 2^53 only, so that any awk writes the same bytes.
function draw(n) { x = (x * 1103515 + 12345) % 2147483648; return int(x / 64) % n }
BEGIN {
    x = 7
    for (i = 0; WHAT == "corpus" && i < 600; i++) {
        a = draw(6); b = draw(6); c = draw(3) ? draw(11) : a + b
        printf "{\"prompt\":\"Compute %d+%d.\",\"response\":\"%d+%d=%d. \\\\boxed{%d}\"}\n", a, b, a, b, c, c
    }
    for (a = 0; WHAT == "prompts" && a < 6; a++)
        for (b = 0; b < 6; b++)
            printf "{\"id\":\"%d+%d\",\"task\":\"sum\",\"prompt\":\"Compute %d+%d.\",\"answer\":\"%d\",\"verifier\":\"math\"}\n", a, b, a, b, a + b
}
