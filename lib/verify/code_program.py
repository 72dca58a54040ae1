# code_program - from what a model wrote to the program that it means
#
# Runs in the model's own process (code_driver.py), on text that only this
# process runs afterwards: nothing that is decided here can help one item
# against its test or against another item.
import sys
sys.path[:] = [p for p in sys.path if p.startswith('/usr/lib/')]
import ast, builtins, re, types

JOINED = 400  # lines at the margin that one statement may have
OPEN = ast.PyCF_ONLY_AST | 0x4000  # says "incomplete input" where more could help
GOES_ON = re.compile(r'[ \t)\]}#]|(?:else|elif|except|finally)\b')


def compiled(body):
    return compile(ast.Module(body, []), '<response>', 'exec',
                   dont_inherit=True)


def as_statement(lines, at):
    """The statements that begin at a line of the margin, and the line behind
    them; none where it is no Python."""
    end = at + 1
    for _ in range(JOINED):
        while end < len(lines) and (not lines[end].strip()
                                    or GOES_ON.match(lines[end])):
            end += 1
        text = '\n'.join(lines[at:end]) + '\n'
        try:
            body = compile(text, '<response>', 'exec', OPEN, True).body
            compiled(body)
            return body, end
        except SyntaxError as x:
            if 'incomplete input' not in str(x) or end >= len(lines):
                break
        end += 1
    return [], at + 1


def says_something(s):
    """Not a word of prose that happens to be an expression."""
    if isinstance(s, ast.AnnAssign):
        return s.value is not None
    return not isinstance(s, ast.Expr) or isinstance(
        s.value, (ast.Call, ast.Await))


def statements(text, loose):
    """The statements at the margin; with loose, those among prose."""
    try:
        body = ast.parse(text, '<response>').body
        if loose:
            compiled(body)
    except SyntaxError:
        if not loose:
            raise
        lines, at, body = text.split('\n'), 0, []
        while at < len(lines):
            if lines[at].strip() and not lines[at][0].isspace():
                more, at = as_statement(lines, at)
                body += more
            else:
                at += 1
    return [s for s in body if says_something(s)] if loose else body


def shows_or_tests(s, entry):
    """print(...), assert, or the function called for nothing: what a model
    puts behind its program to show that it works."""
    if isinstance(s, ast.Assert):
        return True
    f = s.value.func if isinstance(s, ast.Expr) and isinstance(
        s.value, ast.Call) else None
    return isinstance(f, ast.Name) and f.id in ('print', entry)


def bound(s):
    """The names that a statement at the margin gives a meaning."""
    if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {s.name}
    if isinstance(s, (ast.Import, ast.ImportFrom)):
        return {(a.asname or a.name).split('.')[0] for a in s.names}
    if isinstance(s, (ast.Assign, ast.AnnAssign)):
        return {n.id for n in ast.walk(s) if isinstance(n, ast.Name)
                and isinstance(n.ctx, ast.Store)}
    return set()


def wanted(body, known):
    """Names that body uses, at the margin or in a function, and never binds."""
    import dis  # few programs need it, and it takes milliseconds

    module = compiled(body)
    uses, has, codes = set(), set(), [module]
    while codes:
        code = codes.pop()
        own = {'LOAD_NAME': set(), 'LOAD_GLOBAL': set(), 'STORE_NAME': set(),
               'STORE_GLOBAL': set()}
        for i in dis.get_instructions(code):
            if i.opname in own:
                own[i.opname].add(i.argval)
        uses |= own['LOAD_GLOBAL'] | (own['LOAD_NAME'] - own['STORE_NAME'])
        has |= own['STORE_GLOBAL']
        if code is module:
            has |= own['STORE_NAME']
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return uses - has - known


def supplied(body, blocks, known):
    """body behind what it needs of the other blocks: definitions, imports and
    constants under the names that it does not bind itself. The nearest block
    before it has the first say."""
    offers = []
    for place, text in enumerate(blocks):
        try:
            for s in statements(text, True):
                offers.append((place, s))
        except Exception:
            pass
    taken, known = {}, known.union(*map(bound, body))
    missing = wanted(body, known) if offers else set()
    while missing:
        name = missing.pop()
        found = [i for i, (_, s) in enumerate(offers) if name in bound(s)]
        known = known | {name}
        if found:
            # the last of the nearest block that has it
            nearest = offers[found[0]][0]
            i = [i for i in found if offers[i][0] == nearest][-1]
            if i not in taken:
                taken[i] = offers[i][1]
                missing |= wanted([offers[i][1]], known)
    order = sorted(taken, key=lambda i: (-offers[i][0], i))
    return [taken[i] for i in order] + body


def the_program(text, entry, loose, blocks, known):
    """Code to run: text without what only shows or tests, and with what it
    needs of the other blocks, the nearest first."""
    body = [s for s in statements(text, loose)
            if not shows_or_tests(s, entry)]
    if blocks:
        body = supplied(body, blocks, known | set(dir(builtins)) |
                        {'__name__', '__file__', '__doc__'})
    first = [s for s in body if isinstance(s, ast.ImportFrom)
             and s.module == '__future__']
    body = first + [s for s in body if s not in first]
    return compiled(body)


