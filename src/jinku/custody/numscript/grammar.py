"""The grammar of the language and its tokens, for an LALR(1) parser.

Rules:

1. Tokens are cut by the longest match, before and apart from the grammar; comments are blanked out before
   (`jinku.custody.numscript.comments`).
2. The asset of ``[asset amount]`` is a single term, so that ``[CNY/2 -100]`` has one reading. No sum or quotient is an
   asset, so nothing with a meaning is lost.
3. The clauses of a destination block are collected here and sorted into allotment or order by the reader of the tree.
"""

from functools import cache
from types import MappingProxyType

from lark import Lark

_GRAMMAR = r"""
start: [features] [variables] statement*

features: "#!" "[" "feature" "(" [STRING ("," STRING)*] ")" "]"
variables: "vars" "{" declaration* "}"
declaration: IDENTIFIER VARIABLE ["=" expression]

?statement: send | save | call
send: "send" sent "(" "source" "=" source "destination" "=" destination ")"
save: "save" sent "from" expression
?sent: everything | expression
everything: "[" term "*" "]"

?expression: product
    | expression PLUS product -> infix
    | expression MINUS product -> infix
?product: signed
    | product SLASH signed -> infix
?signed: term
    | "-" signed -> negated
?term: VARIABLE -> variable
    | ASSET -> asset
    | STRING -> quoted
    | ACCOUNT -> account
    | NUMBER -> digits
    | PERCENT -> percent
    | "[" term expression "]" -> monetary
    | "(" expression ")"
    | call
call: (IDENTIFIER | OVERDRAFT) "(" [expression ("," expression)*] ")"

?source: expression [color] -> from_account
    | expression [color] "allowing" "unbounded" "overdraft" -> from_unbounded
    | expression [color] "allowing" "overdraft" "up" "to" expression -> from_bounded
    | expression "with" "scaling" "through" expression -> from_scaled
    | "{" source_part+ "}" -> from_allotted
    | "{" source* "}" -> from_in_order
    | "oneof" "{" source+ "}" -> from_one_of
    | "max" expression "from" source -> from_capped
?color: "\\" expression
source_part: portion "from" source
?portion: expression | REMAINING -> remaining

?destination: expression -> to_account
    | "{" target_clause+ "}" -> to_block
    | "oneof" "{" target_clause+ "}" -> to_one_of
?target_clause: "max" expression target -> capped_target
    | portion target -> target_part
?target: "to" destination
    | "kept" -> kept

PLUS: "+"
MINUS: "-"
SLASH: "/"
OVERDRAFT: "overdraft"
REMAINING: "remaining"
STRING: /"([\\]["]|[^\r\n"])*"/
VARIABLE: /\$[a-z_]+[a-z0-9_]*/
ACCOUNT: /@([a-zA-Z0-9_-]+|\$[a-z_]+[a-z0-9_]*)(:([a-zA-Z0-9_-]+|\$[a-z_]+[a-z0-9_]*))*/
ASSET: /[A-Z][A-Z0-9]*(\/[0-9]+)?/
PERCENT.2: /[0-9]+(\.[0-9]+)?%/
NUMBER: /[0-9]+(_[0-9]+)*/
IDENTIFIER: /[a-z]+[a-z_]*/
WHITESPACE: /[ \t\r\n]+/
%ignore WHITESPACE
"""

TOKEN_WORDS = MappingProxyType(
    {
        "$END": "the end of the program",
        "ACCOUNT": "an account",
        "ASSET": "an asset",
        "IDENTIFIER": "a name",
        "NUMBER": "a number",
        "PERCENT": "a percentage",
        "STRING": "a text in quotes",
        "VARIABLE": "a variable",
    }
)
"""How tokens that are not written literally are called in an error."""


@cache
def grammar() -> Lark:
    """The parser, built at its first use (some tens of milliseconds) and immutable from then on."""
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", propagate_positions=True, maybe_placeholders=True)


@cache
def word_of(token: str) -> str:
    """What a person writes for the token with this name: its text in quotes, or a few words."""
    if token in TOKEN_WORDS:
        return TOKEN_WORDS[token]
    for terminal in grammar().terminals:
        if terminal.name == token:
            return f"`{terminal.pattern.value}`"
    return token
