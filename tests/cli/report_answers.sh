#!/bin/bash
# show --html - responses as a page: all of them, and every text as text
set -u
. tests/lib.sh answers
show=$BIN/show

cat >"$T/a.jsonl" <<'X'
{"id":"a/0","prompt":"Is 1 < 2?","answer":"yes","sample":0,"response":"\n<b>yes</b> & \"no\"</pre><script>alert(1)</script>","correct":true,"reward":1.0}
{"id":"<img src=x>","prompt":"p","sample":1,"response":"","correct":false,"<i>":"x","response_tokens":[1,2]}
{"id":7,"response":"w\u0000x"}
X
"$show" --html "$T/a.jsonl" >"$T/a.html" || no page "exit status $?"
gives every_text_stands_as_it_is "$(python3 - "$T/a.html" "$T/a.jsonl" <<'P'
import json, sys
from html.parser import HTMLParser
class Page(HTMLParser):
    def __init__(self):
        super().__init__(); self.tags, self.pre, self.at = [], [], None
    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.at = tag
        if tag == "pre": self.pre.append("")
    def handle_endtag(self, tag): self.at = None
    def handle_data(self, data):
        if self.at == "pre": self.pre[-1] += data
p = Page(); p.feed(open(sys.argv[1]).read())
pre = [s[1:] if s.startswith("\n") else s for s in p.pre]  # as browsers do
want = [r[k].replace("\0", "\ufffd") for r in map(json.loads, open(sys.argv[2])) for k in ("prompt", "answer", "response") if k in r]
print(sorted({"b", "i", "img", "script", "link"} & set(p.tags)), pre == want)
P
)" "[] True"
gives a_record_is_an_article "$(grep -c '^<article>' "$T/a.html")" 3
gives it_says_what_was_right "$(grep -o '<span class="[a-z]*">' "$T/a.html" | tr '\n' ' ')" \
    '<span class="right"> <span class="wrong"> '
gives it_fetches_nothing "$(grep -cE '(src|href)="|url\(' "$T/a.html")" 0
"$show" --html --where 'correct' -o "$T/b.html" "$T/a.jsonl"
gives of_the_records_that_are_wanted "$(grep -c '^<article>' "$T/b.html") $(tail -4 "$T/b.html" | head -1)" '1 <p class="none">1 record</p>'
"$show" --html -o "$T/c.html" "$T/a.jsonl"
is the_same_bytes "$(cksum <"$T/a.html")" "$(cksum <"$T/c.html")"
"$BIN/stats" --tag --quiet -o "$T/k" "$T/a.jsonl"
head -c 300 "$T/k" >"$T/cut"
fails truncated_input 3 'truncated' "$show" --html -o "$T/none.html" "$T/cut"
is and_then_there_is_no_page "" "$(ls "$T" | grep none)"
fails one_form_at_a_time 2 'exclude each other' "$show" --html --json "$T/a.jsonl"
fails a_full_disk 1 'No space left' bash -c "'$show' --html '$T/a.jsonl' >/dev/full"
