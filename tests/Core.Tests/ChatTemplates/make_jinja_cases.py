"""Writes jinja-cases.json: templates and what Jinja itself makes of them, with the settings that chat templates are rendered with.

Needs Python with jinja2. Run again after adding a template below.
"""
import json
import os

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIABLES = {
    "n": 7, "x": 2.5, "t": True, "none": None, "s": "  Hello, Wörld 😀!  ", "empty": "", "name": "tool_one",
    "l": [3, 1, 2], "words": ["b", "A", "c"], "nested": [[1, 2], [3, 4]],
    "d": {"a": 1, "b": [1, 2.0, None, True], "c": {"k": "v's \"q\" é\n"}},
    "people": [{"name": "Ann", "age": 30, "ok": True}, {"name": "bob", "age": 25, "ok": False}, {"name": "Cid", "age": 35}],
    "chat": [{"role": "system", "content": "sys"}, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}],
}

TEMPLATES = [
    # Expressions
    "{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 1e3 }} {{ 1.50 }}",
    "{{ 'a' 'b' ~ 1 ~ none ~ true ~ 2.0 }} {{ 'ab' * 3 }} {{ [1] * 2 + [3] }} {{ (1,) }} {{ (1, 2) + (3,) }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ [1, 2] == [1, 2] }} {{ (1, 2) == [1, 2] }} {{ true == 1 }}",
    "{{ 2 in l }} {{ 9 not in l }} {{ 'ell' in s }} {{ 'a' in d }} {{ not t }} {{ not not t }} {{ t and 0 or 'z' }} {{ none or empty or 'last' }}",
    "{{ 'yes' if n > 5 else 'no' }} {{ 'yes' if n > 50 }}| {{ ('a' if false else 'b') if true else 'c' }}",
    "{{ l[0] }} {{ l[-1] }} {{ l[9] }}| {{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[::2] }} {{ l[5:] }} {{ words[-2:] }} {{ 'héllo😀x'[4:6] }} {{ s[2:7] }}",
    "{{ d.a }} {{ d['a'] }} {{ d.missing }}| {{ d['missing'] is defined }} {{ d.c.k }} {{ d.get('a') }} {{ d.get('zz', 5) }} {{ d.get('zz') }}",
    "{{ d }} {{ [none, true, 'x\\'y', 1.0] }} {{ {} }} {{ {'a': {'b': []}} }} {{ 'tab\\there' }} {{ ['tab\\t', \"it's\"] }}",
    "{{ {'a': {'b': 1}}['a']['b'] }} {{ {1: 'x'}[1] }} {{ (1, 2)[1] }} {{ [[1, 2], [3]][0][1] }} {{ -n }} {{ - - n }} {{ +n }}",
    "{{ 10000000000000000.0 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.0001 }} {{ 123456789.125 }} {{ 1e15 }} {{ 1_000 }} {{ 0.1 + 0.2 }}",
    "{{ 'a\\nb\\u00e9\\x41\\\\' }} {{ \"dq 'sq'\" }} {{ 'sq \"dq\"' }} {{ l.1 }} {{ s|length }} {{ -l[0]|abs }} {{ 5|string ~ 'x' }}",
    "{{ missing }}|{{ missing is undefined }}|{{ missing|default('x') }}|{{ empty|default('x') }}|{{ empty|default('x', true) }}|{{ missing == 1 }}|{{ missing|length }}",
    # Filters
    "{{ s|trim }}|{{ '--a--'|trim('-') }}|{{ s|upper }}|{{ s|lower }}|{{ 'hello wORLD it\\'s'|title }}|{{ 'hELLO'|capitalize }}",
    "{{ l|join }} {{ l|join(', ') }} {{ people|join('/', attribute='name') }} {{ l|first }} {{ l|last }} {{ []|first }}| {{ l|sum }} {{ l|max }} {{ l|min }}",
    "{{ l|sort }} {{ l|sort(reverse=true) }} {{ words|sort }} {{ words|sort(case_sensitive=true) }} {{ people|sort(attribute='age')|map(attribute='name')|list }}",
    "{{ l|reverse|list }} {{ 'abc'|reverse }} {{ [1, 1, 2]|unique|list }} {{ 'abc'|list }} {{ d|list }} {{ l|length }} {{ d|count }}",
    "{{ people|selectattr('ok')|map(attribute='name')|list }} {{ people|rejectattr('ok')|map(attribute='name')|list }} {{ people|selectattr('age', '>', 26)|map(attribute='name')|join(',') }}",
    "{{ people|selectattr('ok', 'defined')|list|length }} {{ people|selectattr('name', 'equalto', 'bob')|list }} {{ l|select('odd')|list }} {{ l|reject('odd')|list }} {{ ['', 'a']|select|list }}",
    "{{ words|map('upper')|list }} {{ people|map(attribute='ok', default='?')|list }} {{ [' a ', 'b ']|map('trim')|join('|') }}",
    "{{ d|tojson }} {{ d|tojson(indent=2) }} {{ 'é<&>\\'\"'|tojson }} {{ none|tojson }} {{ [1.0, true]|tojson }} {{ []|tojson(indent=2) }} {{ (1, 2)|tojson }}",
    "{{ 'é'|tojson(ensure_ascii=true) }} {{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }} {{ {'a': [1, 2]}|tojson(separators=(',', ':')) }}",
    "{{ d|dictsort|list|length }} {{ {'b': 1, 'A': 2}|dictsort }} {{ {'x': 1}|items|list }} {% for k, v in d|items %}{{ k }};{% endfor %}",
    "{{ 'a,b'|replace(',', ';') }} {{ 'aaa'|replace('a', 'b', 2) }} {{ 'x\\ny\\n\\nz'|indent }}| {{ 'x\\ny'|indent(2, true) }} {{ 'x\\n\\ny'|indent('> ', blank=true) }}",
    "{{ 3.7|int }} {{ '12'|int }} {{ 'x'|int }} {{ 'x'|int(5) }} {{ '1.5'|float }} {{ 'x'|float }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ 2.1|round(0, 'ceil') }} {{ 3|float }}",
    "{{ '%s is %d'|format('x', 3) }} {{ '%s-%s' % ('a', 1) }} {{ 'a b  c'|wordcount }} {{ '<a href=\"x\">'|escape }} {{ 'x'|e|safe }} {{ l|batch(2)|list }}",
    # Tests
    "{{ n is number }} {{ n is integer }} {{ x is float }} {{ t is boolean }} {{ t is number }} {{ 's' is string }} {{ d is mapping }} {{ l is sequence }} {{ d is iterable }} {{ none is none }}",
    "{{ n is odd }} {{ n is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ n is not none }} {{ n is eq 7 }} {{ n is in [7] }} {{ 'a' is lower }} {{ 'A' is upper }} {{ t is true }} {{ t is false }} {{ n is gt 3 and n is lt 9 }}",
    "{{ messages2 is defined and messages2 }} {{ n is defined and n is not string }} {{ s is string or false }} {{ none is sameas none }}",
    # Methods
    "{{ s.strip() }}|{{ s.lstrip() }}|{{ s.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'a b c'.split() }}|{{ 'a,b,c'.split(',', 1) }}|{{ 'a,b,c'.rsplit(',', 1) }}|{{ ' a  b '.split(' ') }}|{{ '  a b  c '.split(None, 1) }}",
    "{{ 'abc'.startswith('a') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith('c') }} {{ 'abc'.find('c') }} {{ 'abc'.find('z') }} {{ 'abcabc'.rfind('b') }} {{ 'aXbX'.count('X') }} {{ 'ab'.upper() }} {{ 'AB'.lower() }} {{ 'ab cd'.title() }} {{ 'ab'.capitalize() }}",
    "{{ 'a-b'.replace('-', '+') }} {{ ','.join(words) }} {{ 'a\\nb\\r\\nc'.splitlines() }} {{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ ' '.isspace() }} {{ 'prefix_x'.removeprefix('prefix_') }} {{ 'x.py'.removesuffix('.py') }}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{{ d.keys()|list }} {{ {'a': 1}.values()|list }} {{ l.index(2) }} {{ [1, 1].count(1) }}",
    # Statements
    "{% for m in chat %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {{ m.role }}\n{% endfor %}",
    "{% for i in [] %}x{% else %}none{% endfor %} {% for i in l if i > 1 %}{{ i }}{{ loop.last }},{% endfor %} {% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for a, b in nested %}{{ a }}-{{ b }} {% endfor %}{% for c in 'añ😀' %}[{{ c }}]{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for i in range(2, 10, 3) %}{{ i }} {% endfor %}{{ range(3)|list }}",
    "{% set v = 1 %}{% for i in l %}{% set v = i %}{{ v }}{% endfor %}{{ v }} {% set ns = namespace(v=0, found=false) %}{% for i in l %}{% set ns.v = ns.v + i %}{% endfor %}{{ ns.v }}{{ ns.found }}{{ ns.zz }}",
    "{% if false %}a{% elif n == 7 %}b{% else %}c{% endif %}{% if true %}{% set q = 5 %}{% endif %}{{ q }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t2 = 1, %}{{ t2 }}{% set block %}x{{ n }}y{% endset %}{{ block }}{% set up | upper %}abc{% endset %}{{ up }}",
    "{% macro f(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1) }} {{ f(1, c=3) }} {{ f(1, 2, 3, 4, z=5) }} {{ f() }}",
    "{% macro fact(k) %}{% if k < 2 %}1{% else %}{{ k * (fact(k - 1)|int) }}{% endif %}{% endmacro %}{{ fact(5) }}",
    "{% macro wrap(tag) %}<{{ tag }}>{{ caller() }}</{{ tag }}>{% endmacro %}{% call wrap('b') %}inner {{ n }}{% endcall %}",
    "{% macro each(xs) %}{% for i in xs %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(i) each(l) %}[{{ i }}]{% endcall %}",
    "{% filter upper %}abc {{ name }}{% endfilter %} {% with z = 3, y = 4 %}{{ z }}{{ y }}{% endwith %}{{ z is defined }}",
    "{% for n in nested recursive %}{% if n is iterable %}({{ loop(n) }}){% else %}{{ n }}.{{ loop.depth }}{% endif %}{% endfor %}",
    "{% for i in l %}{{ loop.cycle('odd', 'even') }} {{ loop.previtem }}<{{ i }}<{{ loop.nextitem }} {{ loop.changed(i > 1) }}\n{% endfor %}",
    "{% for x in l %}{% for y in words %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
    "{% raw %}{{ not }} {% a %}{% endraw %} {# comment {{ x }} #}after {%- raw -%}  x  {%- endraw -%} y",
    "{% set messages = chat[1:] %}{{ messages|length }}{% macro show() %}{{ n }}{% endmacro %}{{ show() }}",
    "{% set ns = namespace() %}{% set ns.a = [] %}{% for i in l %}{% set ns.a = ns.a + [i] %}{% endfor %}{{ ns.a }} {{ dict(a=1, b=2) }} {{ dict({'x': 1}, y=2) }}",
    "{{ dict(**{'a': 1}) }} {% macro g(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ g(*[1, 2]) }} {{ g(**{'a': 3, 'b': 4}) }}",
    # White space
    "a\n  {% if true %}\n    b\n  {% endif %}\nc\n",
    "a\n  {%- if true -%}\n    b\n  {%- endif -%}\nc\n\n",
    "  {% set q = 1 %}  \n  x {% if true %} y {% endif %}\n\n  {# c #}\n z  {{ n }}  \n  {{- n -}}  \n w",
    "a\n  {%+ if true %}\n    b\n  {% endif +%}\nc {%- raw %}\n r {% endraw -%}   d",
    "{% for i in l %}\n    {{ i }}\n{% endfor %}\n\t{# x #}\ny\r\n{% if true %}\r\nz{% endif %}",
    "{% if true %}\n\n  text\n{% endif %}\n{{ n }}\n\n",
    "\n{%- for m in chat %}\n    {%- if m.role == 'user' %}\n        {{- '<u>' + m.content }}\n    {%- else %}\n        {{- '<' ~ m['role'] ~ '>' }}\n    {%- endif %}\n{%- endfor %}\n",
    "{{ '{{' }} {{ '%}' }} {% set a = '}}' %}{{ a }} }} %} #} { % {x}",
    "{%- set x = {'a': [1, {'b': 2}]} -%}{{ x.a[1].b }}{{ {'q': {'r': 1}} }}",
]


def main():
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = lambda value, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    cases = [{"template": text, "expected": environment.from_string(text).render(**VARIABLES)} for text in TEMPLATES]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "jinja-cases.json")
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        json.dump({"jinja": jinja2.__version__, "variables": VARIABLES, "cases": cases}, out, ensure_ascii=False, indent=1)
        out.write("\n")


main()
