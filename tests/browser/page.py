"""page - what report.html of records.py's records does in a browser

usage: page.py REPORT.html PROFILE
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import records  # noqa: E402
from browser import Browser  # noqa: E402

SEEDS, DRAWS, QUESTIONS = (1, 2, 3), (0, 1), (5, 4, 4, 4, 4, 4, 4)


def check(name, got, want=True):
    if got == want:
        print(f"ok {name}")
    else:
        print(f"not ok {name}: found {got!r:.300}, expected {want!r:.300}")


def tip(b):
    return b.js("getComputedStyle(tip).display === 'block' ? tip.innerText"
                " : ''")


def come_to(b, selector):
    """Scrolls there and waits for what is made on the way."""
    b.js(f"document.querySelector({selector!r})"
         ".scrollIntoView({block: 'start', behavior: 'instant'})")
    for _ in range(4):
        b.frames()


def share(arm, task, q):
    """Of right samples, mean over an arm's runs."""
    runs = [(s, d) for s in SEEDS for d in (DRAWS if arm != "base" else (0,))]
    return sum(records.right(arm, s, d, task, q, k)
               for s, d in runs for k in range(2)) / len(runs) / 2


def tally(arm, other):
    won = lost = tied = 0
    for task, n in zip(records.TASKS, QUESTIONS):
        for q in range(n):
            change = share(arm, task, q) - share(other, task, q)
            won += change > 1e-9
            lost += change < -1e-9
            tied += abs(change) <= 1e-9
    return f"{won} won, {lost} lost, {tied} tied"


def column(b, table, c):
    return b.js(f"[...document.querySelectorAll('#t-{table} tbody tr')]"
                f".filter(r => !r.hidden).map(r => r.cells[{c}].innerText)")


def curves(b):
    spot = "[data-field=reward_mean] svg"
    come_to(b, "[data-chart=curves]")
    b.hover(spot)
    said = tip(b)
    step = int(said.split("step ")[1].split()[0])
    want = sum(records.reward("bf16", s, d, step)
               for s in SEEDS for d in DRAWS) / 6
    row = [r for r in said.splitlines() if r.strip().startswith("bf16\t")]
    check("a_curve_says_the_mean_under_the_pointer",
          abs(float(row[0].strip().split("\t")[1]) - want) < 1e-3 * abs(want))
    check("and_how_many_runs_it_is_of", "6 runs" in row[0])
    b.js(f"document.querySelector('{spot}').focus()")
    b.key("ArrowRight")
    check("arrow_keys_move_the_step", f"step {step + 1}" in tip(b))
    b.key("Escape")
    check("escape_hides_the_box", tip(b), "")
    check("every_metric_that_varies_has_a_curve",
          b.js("[...document.querySelectorAll('[data-field]')]"
               ".map(e => e.dataset.field).sort().join(' ')"),
          " ".join(sorted(k for k in records.metric("fp32", 1, 0, 0)
                          if k not in ("step", "clip_dual", "groups_missing",
                                       "updates", "skipped_updates",
                                       "mismatch_ess", "lr"))))
    paths = f"document.querySelectorAll('{spot} path.CLASS').length"
    check("a_mean_and_a_band_an_arm",
          [b.js(paths.replace("CLASS", c)) for c in ("mean", "band")], [3, 3])
    b.js("[...document.querySelectorAll('[data-chart=curves] label')]"
         ".find(l => l.innerText === 'single runs').click()")
    b.frames()
    check("single_runs_when_asked", b.js(paths.replace("CLASS", "single")),
          18)
    check("one_step_alone_has_points_and_bars", b.js("""(() => {
        const m = data.metrics, f = m.fields.indexOf('reward_mean');
        const one = { fields: m.fields, runs: m.runs.map(r => ({ ...r,
            step: r.step.slice(0, 1),
            v: r.v.map(x => Array.isArray(x) ? x[0] : x) })) };
        const svg = drawCurve(one, f, 'reward_mean', armSeries(one, f),
            { bands: true, single: true, smooth: 1, step: 'training step' });
        return ['circle.mean', 'line.band', 'circle.single', 'path.mean']
            .map(c => svg.querySelectorAll(c).length).join(' ');
    })()"""), "3 3 18 0")
    b.click(*b.middle("[data-chart=curves] button.arm[data-arm='1']"))
    come_to(b, spot)
    check("an_arm_switches_off_everywhere",
          [b.js(paths.replace("CLASS", "mean")),
           b.js("[...document.querySelectorAll(\"[data-arm='1']\")]"
                ".every(k => k.getAttribute('aria-pressed') === 'false')")],
          [2, True])
    b.click(*b.middle("[data-chart=curves] button.arm[data-arm='1']"))


def charts(b):
    for name in ("variance", "frontier", "profile", "forest", "heat"):
        spot = f"[data-chart={name}] svg[role=img]"
        come_to(b, f"[data-chart={name}]")
        b.js(f"document.querySelector('{spot}').focus()")
        b.key("ArrowRight")
        check(f"chart_{name}_tells_a_point_by_keyboard", len(tip(b)) > 8)
        b.key("Escape")
    come_to(b, "[data-chart=variance]")
    b.hover("[data-chart=variance] rect.bar")
    check("a_bar_says_what_it_is_under_the_pointer", "seeds" in tip(b))
    check("a_cell_a_tensor_of_the_map",
          b.js("document.querySelectorAll('[data-chart=heat] rect.cell')"
               ".length"), 3 * (4 * len(records.PARTS) + 1))
    check("colours_are_okabe_and_itos",
          b.js("[0, 1, 2, 3, 4, 5].map(a => getComputedStyle(document"
               ".documentElement).getPropertyValue('--a' + a).trim())"),
          ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"])


def tables(b):
    come_to(b, "#t-scores")
    was = column(b, "scores", 4)
    head = "#t-scores th:nth-child(5) button"
    number = [float(v) for v in was]
    b.click(*b.middle(head))
    check("a_click_sorts_a_table", [float(v) for v in
                                    column(b, "scores", 4)], sorted(number))
    check("and_says_so", b.js("document.querySelector('#t-scores th:nth-child"
                              "(5)').getAttribute('aria-sort')"), "ascending")
    b.js(f"document.querySelector('{head}').focus()")
    b.key("Enter")
    check("enter_sorts_the_other_way",
          [float(v) for v in column(b, "scores", 4)],
          sorted(number, reverse=True))
    check("a_merged_cell_has_its_word_when_sorted",
          "" in column(b, "scores", 0), False)
    b.key("Enter")
    check("a_third_time_restores_the_order", column(b, "scores", 4), was)
    b.js("document.querySelector(\"[aria-label='rows of the table scores']\")"
         ".focus()")
    b.type("aime24 -mixed")
    check("a_filter_leaves_its_rows",
          sorted(zip(column(b, "scores", 0), column(b, "scores", 2))),
          [("aime24", "bf16"), ("aime24", "fp32")])


def contents(b):
    links = b.js("[...document.querySelectorAll('nav a')]"
                 ".map(a => a.getAttribute('href'))")
    missed = []
    for link in links:
        b.js(f"document.querySelector(\"nav a[href='{link}']\").click()")
        for _ in range(8):
            b.frames()
        # the last ones end above, where the page does
        if not b.js(f"""(() => {{
            const top = document.querySelector('main {link}')
                .getBoundingClientRect().top;
            return Math.abs(top) < 30 || top > 0 && scrollY + innerHeight >=
                document.documentElement.scrollHeight - 2 }})()"""):
            missed.append(link)
    check("a_link_of_the_contents_leads_to_its_section", missed, [])


def questions(b):
    come_to(b, ".questions")
    b.js("document.querySelector('#search-questions').focus()")
    b.type("math500 3.0")
    rows = b.js("[...document.querySelectorAll('.question')]"
                ".map(q => q.dataset.id)")
    check("search_finds_a_question_by_its_answers", rows, ["math500/3"])
    b.click(*b.middle(".question summary"))
    b.js("new Promise(r => setTimeout(r, 100))")
    sides = b.js("[...document.querySelectorAll('.question .sides pre')]"
                 ".map(p => p.textContent)")
    check("a_question_opens_with_all_answers", sides,
          [records.text("math500", 3, a, 0, 300)
           for a in ("fp32", "bf16", "base", "bf16-mixed")])
    check("and_says_who_is_right",
          b.js("[...document.querySelectorAll('.question .sides h4')]"
               ".map(p => p.className)"), ["right", "right", "wrong", "right"])
    check("markup_in_an_answer_is_text",
          [b.js("document.querySelectorAll('main img, .sides b').length"),
           b.js("document.title")],
          [0, "Numerical precision in RLVR fine-tuning"])
    b.js("document.querySelector('#search-questions').value = ''")
    b.js("document.querySelector('#search-questions')"
         ".dispatchEvent(new Event('input'))")
    b.js("{ const s = document.querySelectorAll('.questions select');"
         "s[1].value = 1; s[1].dispatchEvent(new Event('change')) }")
    check("questions_won_lost_and_tied", b.js(
        "document.querySelector('.questions .tally').textContent"),
        "bf16 against fp32: " + tally("bf16", "fp32"))
    b.js("{ const s = document.querySelectorAll('.questions select');"
         "s[3].value = 0; s[3].dispatchEvent(new Event('change')) }")
    check("against_the_base_too", b.js(
        "document.querySelector('.questions .tally').textContent"),
        "bf16 against base: " + tally("bf16", "base"))
    check("questions_by_direction",
          b.js("document.querySelectorAll('.question').length > 0 && "
               "[...document.querySelectorAll('.question')].every(q =>"
               "q.querySelector('summary').innerText.includes('\u25b2'))"))


def views(b, page):
    shown = ("(s => { const e = document.querySelector(s); return !!e &&"
             "getComputedStyle(e).display !== 'none' })")
    paper = "getComputedStyle(document.body).backgroundColor"
    b.media("", "dark")
    b.open(page)
    b.ready()
    check("dark_where_the_system_is", b.js(paper), "rgb(22, 24, 26)")
    b.click(*b.middle("#theme"))
    check("a_button_makes_it_light", b.js(paper), "rgb(255, 255, 255)")
    b.media("print", "dark")
    b.frames()
    check("print_is_on_white", b.js(paper), "rgb(255, 255, 255)")
    check("print_has_no_controls",
          [b.js(f"{shown}('{s}')") for s in ("#tools", ".controls", ".filter")],
          [False] * 3)
    check("print_has_charts_and_tables",
          [b.js(f"{shown}('{s}')") for s in ("[data-chart=heat] svg",
                                             "#t-scores", "nav")], [True] * 3)
    check("print_has_the_keys_of_the_charts_and_the_plots",
          [b.js(f"{shown}('[data-chart=heat] .keys')"),
           b.js("[...document.querySelectorAll('details.paper')]"
                ".every(d => d.open)")], [True, True])
    check("it_prints", b.pdf()[:5], b"%PDF-")
    b.media("", "light")
    b.size(400, 800)
    b.open(page)
    b.ready()
    # what is off the screen is neither laid out nor drawn
    b.js("document.head.append(Object.assign(document.createElement('style'),"
         "{textContent: '* { content-visibility: visible !important }'}))")
    for i in range(b.js("document.querySelectorAll('.chart').length")):
        b.js(f"document.querySelectorAll('.chart')[{i}].scrollIntoView()")
        b.frames()
    # a choice may have any name
    b.js("document.querySelectorAll('select')"
         ".forEach(s => s.append(new Option('a long name '.repeat(9))))")
    check("nothing_is_wider_than_a_telephone",
          b.js("document.documentElement.scrollWidth"), 400)
    b.scripts(False)
    b.open(page)
    # what the page says without its scripts, by the tree of its elements
    tree = b.call("DOM.getDocument", depth=1)["root"]["nodeId"]
    count = {s: len(b.call("DOM.querySelectorAll", nodeId=tree,
                           selector=s)["nodeIds"])
             for s in ("main table", "nav a", "figure svg", "main > section",
                       "ul.words li")}
    b.scripts(True)
    check("without_scripts_tables_contents_and_words_are_there",
          [count["main table"] > 15,
           count["nav a"] == count["main > section"] > 12,
           count["ul.words li"]], [True, True, 3 * 2 + 2 * 4])
    if os.path.exists(os.path.join(os.path.dirname(page[7:]), "plots",
                                   "kl.svg")):
        check("without_scripts_the_plots_are_there", count["figure svg"], 4)


def main(path, profile):
    os.makedirs(profile, exist_ok=True)
    page = "file://" + os.path.abspath(path)
    with Browser(profile) as b:
        b.size(1280, 900)
        b.media()
        took = b.open(page)
        drawn = b.ready()
        print("ok the_page_comes_to_life")
        print(f"note the_page_opens: {took:.2f} s, charts {drawn:.2f} s later, "
              f"{os.path.getsize(path) / 1e6:.2f} MB")
        check("it_is_small", os.path.getsize(path) < 3e6)
        contents(b)
        curves(b)
        charts(b)
        tables(b)
        questions(b)
        views(b, page)
        time.sleep(0.2)
        b.js("1")
        check("no_error_was_said", b.errors, [])
        check("nothing_was_fetched", sorted(set(b.requests)), [page])


if __name__ == "__main__":
    main(*sys.argv[1:])
