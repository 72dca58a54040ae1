# jinja_helper - renders one chat template for jinja.c, which starts it with
# python3 -I -c; see jinja.h
#
# Descriptor 3 carries frames: four bytes of length, little-endian, and so many
# bytes of JSON. The first says what the template is; each after it is a
# conversation. An answer is a frame of one letter and text: 't' the rendered
# text, 'e' an error, 'm' jinja2 is missing. A template is a program of somebody
# else's: it runs in jinja2's sandbox, in a process with a bounded address
# space that can open no file and start no process, and that jinja.c ends when
# it takes too long.
import json
import os
import resource
import struct
import sys


def read(n):
    out = b''
    while len(out) < n:
        more = os.read(3, n - len(out))
        if not more:
            sys.exit(0)
        out += more
    return out


def request():
    n, = struct.unpack('<I', read(4))
    return json.loads(read(n))


def answer(kind, text):
    out = kind + text.encode('utf-8')
    out = struct.pack('<I', len(out)) + out
    while out:
        out = out[os.write(3, out):]


def environment(jinja2, now):
    from jinja2 import ext, nodes, sandbox

    class Generation(ext.Extension):
        # {% generation %} marks an assistant's text for training: its body
        tags = {'generation'}

        def parse(self, parser):
            line = next(parser.stream).lineno
            body = parser.parse_statements(('name:endgeneration',),
                                           drop_needle=True)
            return nodes.Scope(body, lineno=line)

    def tojson(x, ensure_ascii=False, indent=None, separators=None,
               sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent,
                          separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.TemplateError(message)

    env = sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True,
        extensions=[Generation, ext.loopcontrols])
    env.filters['tojson'] = tojson
    env.globals['raise_exception'] = raise_exception
    env.globals['strftime_now'] = lambda format: now.strftime(format)
    try:  # opens what Python opens late: codecs, the ways of errors
        env.from_string("{{ 'a\\n' }}{{ none.a.b }}").render()
    except jinja2.TemplateError:
        pass
    return env


def said(error):
    """One line."""
    at = getattr(error, 'lineno', None)
    text = ' '.join(str(error).split())
    if isinstance(error, MemoryError):
        text = 'out of memory'
    elif isinstance(error, RecursionError):
        text = 'nested too deeply'
    elif type(error).__name__ not in ('TemplateError', 'TemplateSyntaxError'):
        text = type(error).__name__ + ': ' + text
    return (f'line {at}: ' if at else '') + text[:1000]


def rendered(template, variables, max_bytes):
    out, n = [], 0
    for piece in template.generate(**variables):
        out.append(piece)
        n += len(piece)
        if n > max_bytes:
            break
    text = ''.join(out)
    if n > max_bytes or len(text.encode('utf-8')) > max_bytes:
        raise ValueError(f'more than {max_bytes} bytes of text')
    return text


def main():
    import datetime
    first = request()
    try:
        import jinja2
        import jinja2.debug
        import jinja2.ext
        import jinja2.sandbox
    except ImportError:
        answer(b'm', '')
        return
    now = datetime.datetime.strptime(first['date'], '%Y-%m-%d')
    env = environment(jinja2, now)
    for what, most in ((resource.RLIMIT_NPROC, 0), (resource.RLIMIT_NOFILE, 0),
                       (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(what, (most, most))
    try:
        template = env.from_string(first['template'])
    except Exception as error:
        answer(b'e', said(error))
        return
    answer(b't', '')
    while True:
        variables = {'tools': None, 'documents': None, **first['variables'],
                     **request()}
        try:
            text = rendered(template, variables, first['max_bytes'])
            answer(b't', text)
        except Exception as error:
            answer(b'e', said(error))


main()
